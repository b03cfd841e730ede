"""The JDBC drivers that a cluster needs to read a database, brought only when a night needs them.

From this machine's Java folder, else out of Debian's packages, fetched and unpacked without being installed (apt checks
their signatures). SHA256SUMS beside them is what publish_jobs checks each jar against before it goes to the cluster.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools import paths
from tools.errors import ToolMissing

JAVA = Path("/usr/share/java")
FOLDER = paths.STATE / "jdbc"
SUMS = "SHA256SUMS"
# Debian's package of each driver; MariaDB's serves MySQL too.
JARS = {"postgresql.jar": "libpostgresql-jdbc-java", "mariadb-java-client.jar": "libmariadb-java"}
SECONDS = 300


def bring(folder: Path = FOLDER, java: Path = JAVA) -> Path:
    """The folder with every driver and its SHA256SUMS. Raises ToolMissing naming what can be had nowhere."""
    if (folder / SUMS).is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in JARS.items():
        if not (folder / name).is_file():
            _bring(name, package, folder, java)
    sums = "".join(f"{_sha256(folder / name)}  {name}\n" for name in sorted(JARS))
    partial = folder / f"{SUMS}.partial"
    partial.write_text(sums, encoding="utf-8")
    partial.replace(folder / SUMS)  # last and whole: it is the sign that all are there
    return folder


def _bring(name: str, package: str, folder: Path, java: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = java / name if (java / name).is_file() else _from_debian(name, package, Path(scratch))
        copied = Path(scratch) / f"{name}.partial"
        shutil.copyfile(source, copied)
        copied.replace(folder / name)


def _from_debian(name: str, package: str, scratch: Path) -> Path:
    """The jar out of its package. Raises ToolMissing."""
    try:
        _run(["apt-get", "download", package], scratch)
        [archive] = scratch.glob(f"{package}_*.deb")
        _run(["dpkg", "-x", archive.name, "unpacked"], scratch)
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        raise ToolMissing(
            f"The JDBC driver {name} is neither in {JAVA} nor can apt bring {package} ({problem}): install that"
            f" package, or put the drivers of PostgreSQL and MariaDB with their {SUMS} into a folder and name it in"
            " NIGHTSHIFT_JDBC_DIR."
        ) from None
    return scratch / "unpacked" / JAVA.relative_to("/") / name


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
