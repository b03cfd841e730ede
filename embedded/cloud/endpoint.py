"""Which AWS a command talks to, with which key: that in AWS_ENDPOINT_URL, a running localcloud, or one of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from embedded.errors import CloudError
from localcloud import credentials
from localcloud.credentials import Access
from localcloud.errors import CredentialsError
from tools import paths
from tools.errors import InputRefused

ENDPOINT_KEY = "AWS_ENDPOINT_URL"
FLINK_KEY = "LOCALCLOUD_FLINK_HOME"  # the user's takes precedence; a missing Flink is reported when needed
COMMAND_SECONDS = 150  # more than localcloud takes to give up


@contextmanager
def access(
    env: Mapping[str, str], *, keep: bool = False, shared: bool = False, home: Path = paths.LOCALCLOUD_HOME
) -> Iterator[Access]:
    """The cloud to use while the block lasts; a localcloud that was started for it, in `env`, is stopped after it.

    With `keep` the one that is started lives on in `home`, where `./nightshift cloud down` finds it; with `shared` it
    is there too, for other commands, as long as the block lasts. Raises CloudError.
    """
    existing = chosen(home, env)
    if existing:
        yield existing
    elif keep:
        yield start(home, env, stays=True)
    elif shared:
        try:
            yield start(home, env)
        finally:
            stop(home, env)
    else:
        with tempfile.TemporaryDirectory(prefix="nightshift-cloud-") as own:
            try:
                yield start(Path(own), env)
            finally:
                stop(Path(own), env)


def chosen(home: Path = paths.LOCALCLOUD_HOME, environ: Mapping[str, str] = os.environ) -> Access | None:
    """The cloud that is there already: the user's, which must answer, or the running localcloud. None if none."""
    if named := environ.get(ENDPOINT_KEY):
        if not _answers(named):
            raise CloudError(f"Nothing answers at {named}: start it, or unset {ENDPOINT_KEY} to use localcloud.")
        return _named(environ) if is_foreign(home, environ) else running(home)
    return running(home)


def is_foreign(home: Path = paths.LOCALCLOUD_HOME, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user named another cloud than the running localcloud of `home`."""
    named, ours = environ.get(ENDPOINT_KEY), running(home)
    return bool(named) and not (ours and ours.endpoint == str(named).rstrip("/"))


def needed(what: str) -> Access:
    """The cloud that is there already, with the lake that a command continues. Raises InputRefused if there is none."""
    if there := chosen():
        return there
    raise InputRefused(
        f"There is no lake to {what}: a cloud that is started now is empty. Start one with ./nightshift cloud up, run"
        f" the days on it, and then {what} there; or set {ENDPOINT_KEY} to the AWS that has the lake."
    )


def _named(environ: Mapping[str, str]) -> Access:
    """The cloud of the user's environment, with the key that it names."""
    try:
        return credentials.access(environ)
    except CredentialsError as missing:
        raise CloudError(
            f"{environ[ENDPOINT_KEY]} needs a key ({missing}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or, for"
            f" a localcloud, AWS_SHARED_CREDENTIALS_FILE to the file `{credentials.FILE_NAME}` in its home."
        ) from None


def running(home: Path) -> Access | None:
    """The localcloud whose state is in `home`; None when it is not running. Raises CloudError without its key."""
    try:
        state = json.loads((home / "server.json").read_text())
        os.kill(int(state["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    url = str(state["endpoint"])
    if not _answers(url):
        return None
    try:
        return Access(url, credentials.read(home / credentials.FILE_NAME))
    except CredentialsError as missing:
        raise CloudError(f"The localcloud at {url} cannot be used: {missing} Stop it and start it again.") from None


def start(home: Path, env: Mapping[str, str], *, stays: bool = False) -> Access:
    """Start a localcloud on a free port with its state in `home`; gives it and its key. Raises CloudError.

    Without `stays` it ends with this process, however this process ends.
    """
    owner = 0 if stays else os.getpid()
    said = _localcloud(home, env, "up", "--port", "0", "--owner", str(owner))
    if started := running(home):
        return started
    raise CloudError(f"localcloud did not start: {' '.join(said.split()) or 'it printed nothing'}")


def stop(home: Path, env: Mapping[str, str]) -> None:
    """Stop the localcloud of `home` and its steps; harmless when it is not running."""
    _localcloud(home, env, "down")


def _localcloud(home: Path, env: Mapping[str, str], *arguments: str) -> str:
    """One localcloud command to its end; gives what it said. In a session of its own: Ctrl-C is for the night, which
    still needs its cloud to tear down."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "localcloud", *arguments],
        env={FLINK_KEY: str(paths.FLINK), **env, "LOCALCLOUD_HOME": str(home), "PYTHONPATH": str(paths.ROOT)},
        capture_output=True,
        text=True,
        cwd=paths.ROOT,
        start_new_session=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr


def _answers(url: str) -> bool:
    """Whether something accepts connections at the URL's host and port."""
    parts = urlsplit(url)
    if not parts.hostname:
        return False
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=3).close()
    except OSError:
        return False
    return True
