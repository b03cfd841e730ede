"""Which AWS a command talks to: the one in AWS_ENDPOINT_URL, a running localcloud, or one of this run's own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from embedded import places
from embedded.errors import CloudError

ENDPOINT_KEY = "AWS_ENDPOINT_URL"
START_SECONDS = 60
STOP_SECONDS = 30


@contextmanager
def endpoint(
    *, keep: bool = False, home: Path = places.LOCALCLOUD_HOME, environ: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """The endpoint to use while the block lasts; a localcloud that was started for it is stopped after it.

    With `keep` the one that is started lives on in `home`, where `./nightshift cloud down` finds it. Raises CloudError.
    """
    found = chosen(home, environ)
    if found:
        yield found
    elif keep:
        yield start(home)
    else:
        with tempfile.TemporaryDirectory(prefix="nightshift-cloud-") as own:
            try:
                yield start(Path(own))
            finally:
                stop(Path(own))


def chosen(home: Path = places.LOCALCLOUD_HOME, environ: Mapping[str, str] = os.environ) -> str | None:
    """The endpoint that is there already: the user's, which must answer, or the running localcloud's. None if none."""
    if named := environ.get(ENDPOINT_KEY):
        if not _answers(named):
            raise CloudError(f"Nothing answers at {named}: start it, or unset {ENDPOINT_KEY} to use localcloud.")
        return named
    return running(home)


def running(home: Path) -> str | None:
    """The endpoint of the localcloud whose state is in `home`; None when it is not running."""
    try:
        state = json.loads((home / "server.json").read_text())
        os.kill(int(state["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    found = str(state["endpoint"])
    return found if _answers(found) else None


def start(home: Path) -> str:
    """Start a localcloud on a free port with its state in `home`; gives its endpoint. Raises CloudError."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", "up", "--port", "0"],
            env=_environment(home),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=places.ROOT,
            start_new_session=True,  # Ctrl-C is for the night, which still needs its cloud to tear down
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := running(home):
            return found
        if process.poll():
            break
        time.sleep(0.05)
    tail = " ".join(log.read_text(errors="replace").splitlines()[-3:])
    raise CloudError(f"localcloud did not start: {tail or 'it said nothing'}. Its log is {log}.")


def stop(home: Path) -> None:
    """Stop the localcloud of `home`; harmless when it is not running."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "localcloud", "down"],
            env=_environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=places.ROOT,
            timeout=STOP_SECONDS,
            check=False,
        )


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "LOCALCLOUD_HOME": str(home), "PYTHONPATH": str(places.ROOT)}


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
