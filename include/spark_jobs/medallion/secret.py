"""Read a database's address and password from Secrets Manager: never from an argument, never written to a log."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from medallion.errors import SourceError

# boto3 is not in EMR's Python 3.11, and the CLI is on every node. Elsewhere boto3 may be there and the CLI not.
COMMAND = ("aws", "secretsmanager", "get-secret-value", "--query", "SecretString", "--output", "text", "--secret-id")
SECONDS = 60
NEEDED = ("engine", "host", "dbname", "username", "password")
FORM = '{"engine": "postgres|mysql|mariadb", "host", "port", "dbname", "username", "password"}'
# Engine aliases by family: a database is the same whichever alias names it.
FAMILIES = {"postgresql": "postgres", "aurora-postgresql": "postgres", "mariadb": "mysql", "aurora-mysql": "mysql"}
PORTS = {"postgres": 5432, "mysql": 3306}


@dataclass(frozen=True)
class Address:
    """A database's address and credentials; `properties` are extra driver properties, such as TLS. `called` is a name
    that its owner gives it, independent of its address."""

    engine: str
    host: str
    port: int | None
    dbname: str
    username: str
    password: str = field(repr=False)
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    called: str = ""

    @property
    def identity(self) -> str:
        """Identifies this database among others; nightshift.inputs.database_schema computes the same."""
        family = FAMILIES.get(self.engine, self.engine)
        place = f"{family}://{self.host.lower()}:{self.port or PORTS.get(family, 0)}/{self.dbname}"
        return self.called or place


def address(secret: str | None) -> Address:
    """The address in a secret, which is JSON in the format that Amazon RDS writes. Raises SourceError."""
    if not secret:
        raise SourceError("opening the database: no --source-secret was given; name the secret with its address")
    return _parsed(secret, _by_cli(secret) if shutil.which(COMMAND[0]) else _by_boto3(secret))


def _by_cli(secret: str) -> str:
    try:
        done = subprocess.run([*COMMAND, secret], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise SourceError(f"reading the secret {secret}: the AWS CLI did not answer ({problem})") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"status {done.returncode}"
        raise SourceError(f"reading the secret {secret}: {said}; make it, in the form {FORM}")
    return done.stdout


def _by_boto3(secret: str) -> str:
    """By its name, since not every platform that runs jobs has it."""
    try:
        client = import_module("boto3").client("secretsmanager")
        return str(client.get_secret_value(SecretId=secret)["SecretString"])
    except ModuleNotFoundError:
        raise SourceError(f"reading the secret {secret}: there is neither the AWS CLI nor boto3 here") from None
    except Exception as problem:  # noqa: BLE001 - botocore's errors, which cannot be named without it
        raise SourceError(f"reading the secret {secret}: {problem}; make it, in the form {FORM}") from None


def _parsed(secret: str, text: str) -> Address:
    """The parsed secret; an error never quotes it."""
    try:
        secret_fields: Any = json.loads(text)
    except ValueError:
        secret_fields = None
    missing = [key for key in NEEDED if not secret_fields.get(key)] if isinstance(secret_fields, dict) else list(NEEDED)
    if missing:
        raise SourceError(f"reading the secret {secret}: it lacks {', '.join(missing)}; write it in the form {FORM}")
    port = int(secret_fields["port"]) if str(secret_fields.get("port", "")).isdigit() else None
    properties = {str(key): str(value) for key, value in secret_fields.get("properties", {}).items()}
    called = str(secret_fields.get("identity") or "")
    return Address(**{key: str(secret_fields[key]) for key in NEEDED}, port=port, properties=properties, called=called)
