"""The detached server: started in its own process session, located by its state file, stopped by its pid."""

from __future__ import annotations

import gc
import json
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from localcloud import client, private
from localcloud.credentials import OTHER_IDENTITIES
from localcloud.errors import LocalCloudError, ServerError, StartError
from localcloud.settings import Settings

_START_TIMEOUT_SECONDS = 90
_STOP_TIMEOUT_SECONDS = 45  # its parts may take 41 in sum
_POLL_SECONDS = 0.05
_OWNER_SECONDS = 1.0
_ROOT = str(Path(__file__).resolve().parents[1])
_RARELY = (50_000, 20, 100)  # new objects, and collections of the younger, before garbage is sought among them


@dataclass(frozen=True)
class Running:
    """A running server, as recorded in server.json."""

    pid: int
    endpoint: str
    started_at: str


def find(settings: Settings) -> Running | None:
    """The server of this home, if it is alive and answers; a dead server's state file is ignored."""
    running = _read_state(settings.state_file)
    if running is None or not _is_server(running.pid):
        return None
    try:
        client.health(running.endpoint)
    except ServerError:
        return None
    return running


def up(settings: Settings) -> tuple[Running, bool]:
    """The running server, and whether this call started it.

    Raises StartError with the end of its log when it does not become healthy.
    """
    if running := find(settings):
        return running, False
    private.folder(settings.home)
    # A killed server's state file must not be mistaken for the new one's.
    settings.state_file.unlink(missing_ok=True)
    with settings.log_file.open("ab") as log:
        process = subprocess.Popen(
            _command(settings),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return _wait_until_healthy(settings, process), True


def down(settings: Settings) -> bool:
    """Stop the server of this home; False if none was up. Raises ServerError if it does not stop."""
    running = _read_state(settings.state_file)
    if running is None or not _is_server(running.pid):
        settings.state_file.unlink(missing_ok=True)
        return False
    # SIGTERM lets the server kill its steps; after SIGKILL the steps' supervisors kill them.
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
    while _is_server(running.pid):
        if time.monotonic() > deadline:
            os.kill(running.pid, signal.SIGKILL)
            raise ServerError(
                f"the server (pid {running.pid}) did not end {_STOP_TIMEOUT_SECONDS} s after SIGTERM and was killed: "
                f"see {settings.log_file}."
            )
        time.sleep(_POLL_SECONDS)
    settings.state_file.unlink(missing_ok=True)
    return True


def serve(settings: Settings) -> None:
    """Run the server in this process until SIGTERM, SIGINT, or its owner process ends. Raises PortTakenError."""
    # moto takes a second to import; `status` and `down` must not wait for it.
    gc.set_threshold(*_RARELY)
    from localcloud.server import LocalCloud  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    # The handler only sets a flag: stopping takes locks that the interrupted code may hold.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with LocalCloud(settings) as cloud:
        gc.freeze()  # moto's models stay
        _write_state(settings.state_file, cloud.endpoint)
        logging.getLogger(__name__).info("listening on %s", cloud.endpoint)
        while not stop.wait(_OWNER_SECONDS) and _lives(settings.owner):
            pass
    settings.state_file.unlink(missing_ok=True)


def exports(endpoint: str, settings: Settings) -> str:
    """Shell lines that point boto3, the AWS CLI and terraform at the server. They contain its key's file, not the
    key."""
    values = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(settings.credentials_file),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if settings.kubernetes:
        values["KUBECONFIG"] = str(settings.kubernetes_dir / "kubeconfig")
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, f"unset {' '.join(OTHER_IDENTITIES)}"])


def _command(settings: Settings) -> list[str]:
    options = {name.replace("_", "-"): value for name, value in asdict(settings).items()}
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-P", "-m", "localcloud", "up", "--foreground", *flags]


def _wait_until_healthy(settings: Settings, process: subprocess.Popen[bytes]) -> Running:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        # The process ends at once when the port is taken: its last line says so.
        if process.poll() is not None:
            raise LocalCloudError(_last_line(settings.log_file))
        if running := find(settings):
            return running
        time.sleep(_POLL_SECONDS)
    process.terminate()
    raise StartError(
        f"the server did not answer within {_START_TIMEOUT_SECONDS} s and was stopped: see {settings.log_file}."
    )


def _last_line(log_file: Path) -> str:
    lines = log_file.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("localcloud: ") if lines else f"the server ended at once: see {log_file}."


def _write_state(path: Path, endpoint: str) -> None:
    state = Running(os.getpid(), endpoint, datetime.now(UTC).isoformat(timespec="seconds"))
    # Written atomically: whoever polls for the file must never read half of it.
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(state)) + "\n")
    temporary.replace(path)


def _read_state(path: Path) -> Running | None:
    try:
        return Running(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _lives(pid: int) -> bool:
    """False once the process has ended; pid 0 means no owner, and counts as alive."""
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's process
        return True
    except ProcessLookupError:
        return False
    return True


def _is_server(pid: int) -> bool:
    """True if the process is alive and is a localcloud: the pid may have been reused by another program."""
    if not _lives(pid):
        return False
    if not Path("/proc/self").exists():
        # No /proc (macOS): rely on the state file.
        return True
    try:
        # A zombie has no command line left, and counts as ended.
        return b"localcloud" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return False
