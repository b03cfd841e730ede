"""What travels to the cluster: main.py, the other jobs as a zip, and the time limit, under one content hash."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

TRAVELS = (".py", ".toml")
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
