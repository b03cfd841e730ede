"""A Python 3.11 with boto3 for EMR Serverless, packed so that the same parts give the same bytes, under their hash.

    python -m deploy.python_archive [--home DIR] [--out FOLDER]

writes environment-<hash>.tar.gz and prints how to upload it and what to set. The guide describes such an archive in
"Using different Python versions with EMR Serverless". `--home` is a Python that may be moved, with bin/ and lib/;
without it uv brings one (python-build-standalone's, for this machine's processor) and puts boto3 into it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import paths

VERSION = "3.11.18"
BOTO3 = "boto3==1.43.56"  # as in requirements.txt
CONSTRAINTS = paths.ROOT / "requirements" / "run.txt"
OUT = paths.STATE / "python"
# Not packed: what differs between two makings, what has this machine's paths, and what no job imports.
LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip"}
PROGRAMS = {"python", "python3", "python3.11"}
LEVEL = 6  # zlib's


class ArchiveError(Exception):
    """One sentence: why there is no archive, and what to do next."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack, and print what to do with it; gives the exit status."""
    parser = argparse.ArgumentParser(prog="make python-archive", description="Pack Python 3.11 for EMR Serverless.")
    parser.add_argument("--home", type=Path, help="a Python 3.11 that may be moved, with what the jobs need")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the archive")
    options = parser.parse_args(arguments)
    try:
        made = packed(options.home or brought(options.out), options.out)
    except ArchiveError as refused:
        print(refused, file=sys.stderr)
        return 2
    address = f"s3://<name>-artifacts/python/{made.name}"
    print(f"{paths.shown(made)}\naws s3 cp {paths.shown(made)} {address}\nNIGHTSHIFT_SERVERLESS_PYTHON={address}")
    return 0


def brought(out: Path) -> Path:
    """The home of a Python that uv brings, with boto3. Raises ArchiveError."""
    uv = str(Path(sys.executable).with_name("uv"))
    home = out / "home"
    _run(uv, "python", "install", "--no-bin", "--install-dir", str(home), VERSION)
    [installed] = [path for path in home.glob(f"cpython-{VERSION}-*") if not path.is_symlink()]
    python = str(installed / "bin" / "python3.11")
    into = ("--python", python, "--break-system-packages", "--constraints", str(CONSTRAINTS))
    _run(uv, "pip", "install", "--only-binary", ":all:", *into, BOTO3)
    return installed


def packed(home: Path, out: Path) -> Path:
    """The archive of that Python, which is there under its hash if it was made before. Raises ArchiveError."""
    if not (home / "bin" / "python3.11").exists() or not (home / "lib" / "python3.11").is_dir():
        raise ArchiveError(f"{home} is no Python 3.11: it has no bin/python3.11 or no lib/python3.11.")
    out.mkdir(parents=True, exist_ok=True)
    being_made = out / "environment.part"
    with (
        being_made.open("wb") as file,
        gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path in _parts(home):
            _add(archive, path, path.relative_to(home).as_posix())
    digest = hashlib.sha256(being_made.read_bytes()).hexdigest()[:12]
    return being_made.replace(out / f"environment-{digest}.tar.gz")


def _parts(home: Path) -> Iterator[Path]:
    """The files and links to pack, in the order of their names."""
    programs = [home / "bin" / name for name in sorted(PROGRAMS)]
    libraries = (path for path in sorted((home / "lib").rglob("*")) if not LEFT_OUT & {*path.relative_to(home).parts})
    for path in (*programs, *libraries):
        if path.is_symlink() or (path.is_file() and path.suffix != ".a"):
            yield path


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add one file as root's, of 1970, so that nothing but its name, its mode and its bytes counts."""
    member = archive.gettarinfo(path, name)
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    if not member.isreg():
        archive.addfile(member)
        return
    member.type, member.linkname = tarfile.REGTYPE, ""
    member.size = path.stat().st_size
    with path.open("rb") as body:
        archive.addfile(member, body)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split()[-30:])
        raise ArchiveError(
            f"{' '.join(command[:3])} ended with {done.returncode}: {said}. Or name a Python with --home."
        )


if __name__ == "__main__":
    sys.exit(main())
