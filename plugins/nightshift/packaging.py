"""What travels to the cluster: main.py, the other jobs as a zip, and the time limit, under one content hash."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from nightshift.errors import DriverRefused

TRAVELS = (".py", ".toml")
SUMS = "SHA256SUMS"
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's own beginning of time: the same jobs give the same bytes


@dataclass(frozen=True)
class Package:
    """main.py, spark_jobs.zip and time_limit.sh, as bytes."""

    main: bytes
    archive: bytes
    time_limit: bytes

    @cached_property
    def sha256(self) -> str:
        """One hash over all, so that a change of any makes a new prefix."""
        parts = (self.main, self.archive, self.time_limit)
        return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


@dataclass(frozen=True)
class Driver:
    """One JDBC driver: its file's name, its bytes and their SHA-256, which is the one that was written down."""

    name: str
    content: bytes
    sha256: str


def drivers(jdbc_dir: Path) -> list[Driver]:
    """Every driver that the folder's SHA256SUMS names. Raises DriverRefused unless each is there and is what it was."""
    try:
        lines = (jdbc_dir / SUMS).read_text(encoding="utf-8").splitlines()
        named = [(expected.lower(), name.strip(" *")) for expected, name in (line.split(maxsplit=1) for line in lines)]
        found = [Driver(name, (jdbc_dir / name).read_bytes(), expected) for expected, name in named]
    except (OSError, ValueError) as wrong:
        raise DriverRefused(f"The JDBC drivers of {jdbc_dir} cannot be read: {wrong}.") from wrong
    for driver in found:
        if (actual := sha256(driver.content).hexdigest()) != driver.sha256:
            raise DriverRefused(
                f"{jdbc_dir / driver.name} has SHA-256 {actual}, and {SUMS} says {driver.sha256}; it was not used."
            )
    return found


def package(jobs_dir: Path, time_limit: Path) -> Package:
    """main.py at the top of `jobs_dir`, every other .py file of it and the contracts in the zip, and the bootstrap
    action `time_limit`. Raises FileNotFoundError."""
    main = jobs_dir / "main.py"
    modules = sorted(path for path in jobs_dir.rglob("*") if path.suffix in TRAVELS and path != main)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in modules:
            archive.writestr(zipfile.ZipInfo(path.relative_to(jobs_dir).as_posix(), EPOCH), path.read_bytes())
    return Package(main.read_bytes(), buffer.getvalue(), time_limit.read_bytes())
