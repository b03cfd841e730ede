"""Access to a server: its endpoint, and the access key that signs every request.

A server generates its key at start and keeps it in a file of its home that only its user can read, in the format of
AWS's SDKs: AWS_SHARED_CREDENTIALS_FILE may name it.
"""

from __future__ import annotations

import configparser
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.errors import CredentialsError

FILE_NAME = "credentials"
_PREFIX = "LOCALCLOUD"  # cannot be mistaken for an AWS key
_ID_ALPHABET = string.ascii_uppercase + string.digits
_PROFILE = "default"
# A client with one of these variables would sign with another key than that of the file.
OTHER_IDENTITIES = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
)


@dataclass(frozen=True)
class Credentials:
    """An access key. token: of a role's session, '' for a long-term key."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that pass the key to AWS's SDKs."""
        found = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return {**found, "AWS_SESSION_TOKEN": self.token} if self.token else found


@dataclass(frozen=True)
class Access:
    """A server, and a key for it."""

    endpoint: str
    credentials: Credentials

    def environment(self, region: str) -> dict[str, str]:
        """The variables that point AWS's SDKs and terraform at the server, and at nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            **self.credentials.environment,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A user's own profiles must not send requests to the real AWS.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def fresh() -> Credentials:
    """A new random key."""
    unique = "".join(secrets.choice(_ID_ALPHABET) for _ in range(20 - len(_PREFIX)))
    return Credentials(_PREFIX + unique, secrets.token_urlsafe(30))


def write(credentials: Credentials, path: Path) -> None:
    """Store a long-term key, atomically, in a file that only its owner may read."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600, exist_ok=False)
    partial.write_text(text(credentials), encoding="utf-8")
    partial.replace(path)


def text(credentials: Credentials) -> str:
    """A long-term key in the credentials file format of AWS's SDKs."""
    return (
        f"[{_PROFILE}]\n"
        f"aws_access_key_id = {credentials.access_key}\n"
        f"aws_secret_access_key = {credentials.secret_key}\n"
    )


def read(path: Path) -> Credentials:
    """The key in a file. Raises CredentialsError."""
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except OSError as missing:
        raise CredentialsError(f"{path} cannot be read ({missing.strerror}), and the key is in it.") from None
    except (configparser.Error, KeyError, UnicodeDecodeError):
        # Without the cause: it may contain a secret.
        raise CredentialsError(f"{path} has no key of a [{_PROFILE}] in it: write it as AWS's SDKs read it.") from None


def parsed(words: str) -> Credentials:
    """The key in the text of a credentials file. Raises configparser's Error, KeyError."""
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(words)
    profile = found[_PROFILE]
    token = profile.get("aws_session_token", "")
    return Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"], token)


def named(environ: Mapping[str, str]) -> Credentials:
    """The key that an environment gives: in variables, else in its file. Raises CredentialsError."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return Credentials(key, secret, environ.get("AWS_SESSION_TOKEN", ""))
    if file := environ.get("AWS_SHARED_CREDENTIALS_FILE"):
        return read(Path(file))
    raise CredentialsError("neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor AWS_SHARED_CREDENTIALS_FILE is set")


def access(environ: Mapping[str, str]) -> Access:
    """The server that an environment gives, and its key. Raises CredentialsError, KeyError without an endpoint."""
    return Access(environ["AWS_ENDPOINT_URL"], named(environ))
