"""The Spark jobs as they travel: main.py, and the rest as a zip, under one content hash."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's own beginning of time: the same jobs give the same bytes


@dataclass(frozen=True)
class Package:
    """main.py and spark_jobs.zip, as bytes."""

    main: bytes
    archive: bytes

    @cached_property
    def sha256(self) -> str:
        """One hash over both, so that a change of either makes a new prefix."""
        return sha256(sha256(self.main).digest() + sha256(self.archive).digest()).hexdigest()


def package(jobs_dir: Path) -> Package:
    """The package of `jobs_dir`: main.py at its top, every other .py file in the zip. Raises FileNotFoundError."""
    main = jobs_dir / "main.py"
    modules = sorted(path for path in jobs_dir.rglob("*.py") if path != main)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in modules:
            archive.writestr(zipfile.ZipInfo(path.relative_to(jobs_dir).as_posix(), EPOCH), path.read_bytes())
    return Package(main.read_bytes(), buffer.getvalue())
