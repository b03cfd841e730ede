"""Packages the Spark and Flink jobs, bootstrap actions and ingestion program for upload, under one content hash."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import nightshift_contract
from nightshift.failures.errors import DriverRefused

TRAVELS = (".py", ".toml")
OF_A_PIPELINE = ("__init__.py", "contract.toml")
CONTRACT = Path(nightshift_contract.__file__).parent
SUMS = "SHA256SUMS"
MAIN, ARCHIVE, TIME_LIMIT = "main.py", "spark_jobs.zip", "time_limit.sh"  # names of a package's own files
SCRIPTS, JARS = "scripts", "jars"  # folders of a package: a user's own files, all of them
COMPILED = "__pycache__"
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's earliest date, for all files: the same jobs give the same bytes


@dataclass(frozen=True)
class Package:
    """main.py, spark_jobs.zip and time_limit.sh, as bytes, and `others` by their file names."""

    main: bytes
    archive: bytes
    time_limit: bytes
    others: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """One hash over all files, so that any change gives a new prefix."""
        parts = (self.main, self.archive, self.time_limit, *(self.others[name] for name in sorted(self.others)))
        return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()

    @property
    def files(self) -> dict[str, bytes]:
        """All files by name, main.py last: if it was uploaded, all were."""
        first = {ARCHIVE: self.archive, TIME_LIMIT: self.time_limit, **self.others}
        return {**first, MAIN: self.main}


@dataclass(frozen=True)
class Driver:
    """One jar, mostly a JDBC driver: its file name, its bytes and its SHA-256, which matches SHA256SUMS."""

    name: str
    content: bytes
    sha256: str


def jars_of(package: Path) -> list[Driver]:
    """The jars that a pipeline's package brings in `jars`, for --jars; none without that folder. Raises
    DriverRefused."""
    return drivers(package / JARS) if (package / JARS).is_dir() else []


def drivers(jdbc_dir: Path) -> list[Driver]:
    """Every driver in the folder's SHA256SUMS. Raises DriverRefused if one is missing or has another SHA-256."""
    try:
        lines = (jdbc_dir / SUMS).read_text(encoding="utf-8").splitlines()
        named = [(expected.lower(), name.strip(" *")) for expected, name in (line.split(maxsplit=1) for line in lines)]
        listed = [Driver(name, (jdbc_dir / name).read_bytes(), expected) for expected, name in named]
    except (OSError, ValueError) as wrong:
        raise DriverRefused(f"The jars of {jdbc_dir} cannot be read: {wrong}.") from wrong
    for driver in listed:
        if (actual := sha256(driver.content).hexdigest()) != driver.sha256:
            raise DriverRefused(
                f"{jdbc_dir / driver.name} has SHA-256 {actual}, and {SUMS} says {driver.sha256}; it was not used."
            )
    return listed


def package(
    jobs_dir: Path,
    time_limit: Path,
    flink_dir: Path | None = None,
    ingest_dir: Path | None = None,
    pipelines: Iterable[Path] = (),
) -> Package:
    """Package main.py of `jobs_dir`, a zip of its other .py files with the jobs and contracts in the folders
    `pipelines`, the bootstrap action `time_limit`, and the files that Flink (`flink_dir`) and the ingestion host
    (`ingest_dir`) need. Raises FileNotFoundError."""
    main = jobs_dir / MAIN
    flink = _flink(flink_dir, time_limit.with_name("flink_python.sh")) if flink_dir else {}
    others = {**flink, **(_ingest(ingest_dir) if ingest_dir else {})}
    return Package(main.read_bytes(), _jobs(jobs_dir, main, pipelines), time_limit.read_bytes(), others)


def _flink(flink_dir: Path, python_script: Path) -> dict[str, bytes]:
    return {
        "flink_jobs.zip": _zipped(_modules(flink_dir, flink_dir)),
        "flink_python.sh": python_script.read_bytes(),
        "flink_requirements.txt": (flink_dir / "requirements.txt").read_bytes(),
    }


def _ingest(ingest_dir: Path) -> dict[str, bytes]:
    return {
        "ingest.zip": _zipped(_modules(ingest_dir, ingest_dir.parent) | _modules(CONTRACT, CONTRACT.parent)),
        "ingest.sh": (ingest_dir / "ingest.sh").read_bytes(),
        "ingest_requirements.txt": (ingest_dir / "requirements.txt").read_bytes(),
    }


def _jobs(jobs_dir: Path, main: Path, pipelines: Iterable[Path]) -> bytes:
    """The zip of the engine, the contract's package and, of each pipeline, what its steps need."""
    files = {name: path for name, path in _modules(jobs_dir, jobs_dir).items() if path != main}
    files |= _modules(CONTRACT, CONTRACT.parent)
    for folder in pipelines:
        files |= {f"{folder.name}/{name}": folder / name for name in OF_A_PIPELINE}
        files |= _modules(folder / "jobs", folder.parent) | _modules(folder / SCRIPTS, folder.parent, every=True)
    return _zipped(files)


def _modules(folder: Path, root: Path, *, every: bool = False) -> dict[str, Path]:
    """The modules of a folder, or `every` file of it but compiled ones, by their paths from `root`."""
    files = [path for path in folder.rglob("*") if path.is_file() and COMPILED not in path.parts]
    return {path.relative_to(root).as_posix(): path for path in files if every or path.suffix in TRAVELS}


def _zipped(files: Mapping[str, Path]) -> bytes:
    """A zip of files by their names in it; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name].read_bytes())
    return buffer.getvalue()
