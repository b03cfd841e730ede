"""s3-dist-cp as a program: copies trees between s3://, hdfs:// and file://, which are directories here.

    python -m localcloud.steps.commands.distcp BUCKETS_DIR HDFS_DIR --src URI --dest URI [option …]

Known options: --src, --dest, --srcPattern, --groupBy,
--targetSize (taken, means nothing without HDFS blocks),
--deleteOnSuccess; another is refused. A pattern that matches nothing fails as EMR's does: its job
finds no input.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.steps.commands.paths import local_path
from localcloud.steps.errors import CommandError
from localcloud.steps.keys import is_scratch


@dataclass(frozen=True)
class Copy:
    """Source files, in order, that are joined into one target file."""

    sources: tuple[Path, ...]
    target: Path


def parser() -> argparse.ArgumentParser:
    """s3-dist-cp's options, `--name value` and `--name=value`."""
    options = argparse.ArgumentParser(prog="s3-dist-cp", allow_abbrev=False)
    options.add_argument("buckets_dir", type=Path)
    options.add_argument("hdfs_dir", type=Path)
    options.add_argument("--src", required=True)
    options.add_argument("--dest", required=True)
    options.add_argument("--srcPattern", dest="pattern", type=re.compile)
    options.add_argument("--groupBy", dest="group", type=re.compile)
    options.add_argument("--targetSize", dest="target_size")
    options.add_argument("--deleteOnSuccess", dest="delete", action="store_true")
    return options


def files_below(source: Path, uri: str, pattern: re.Pattern[str] | None) -> list[tuple[Path, str]]:
    """The files to copy with their paths relative to source. pattern: a regular expression for the whole URI.

    Raises CommandError when source does not exist or nothing matches.
    """
    if not source.exists():
        raise CommandError(f"InvalidInputException: Input path does not exist: {uri}")
    found = [entry for entry in _listed(source) if _matches(f"{uri.rstrip('/')}/{entry[1]}", pattern)]
    if not found:
        wanted = f"matches {pattern.pattern}" if pattern else "is there"
        raise CommandError(
            f"InvalidInputException: Input path does not exist: no file below {uri} {wanted}. "
            "s3-dist-cp fails when it has nothing to copy; --srcPattern must match the whole URI."
        )
    return found


def _listed(source: Path) -> Iterator[tuple[Path, str]]:
    if source.is_file():
        yield source, source.name
        return
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source).as_posix()
        if path.is_file() and not is_scratch(relative):
            yield path, relative


def _matches(uri: str, pattern: re.Pattern[str] | None) -> bool:
    return pattern is None or pattern.fullmatch(uri) is not None


def plan(files: Sequence[tuple[Path, str]], uri: str, dest: Path, group: re.Pattern[str] | None) -> list[Copy]:
    """The copies to make. group: files whose URIs have the same captured groups are joined under the groups' text."""
    if group is None:
        return [Copy((path,), dest / relative) for path, relative in files]
    joined: dict[str, list[Path]] = {}
    for path, relative in files:
        if match := group.fullmatch(f"{uri.rstrip('/')}/{relative}"):
            joined.setdefault("".join(filter(None, match.groups())), []).append(path)
    return [Copy(tuple(paths), dest / name) for name, paths in sorted(joined.items())]


def copy(step: Copy) -> None:
    """Write one target file atomically, by a rename. Raises OSError."""
    step.target.parent.mkdir(parents=True, exist_ok=True)
    partial = step.target.with_name(f"{step.target.name}._COPYING_")
    with partial.open("wb") as sink:
        for source in step.sources:
            with source.open("rb") as stream:
                shutil.copyfileobj(stream, sink)
    partial.replace(step.target)


def main(argv: Sequence[str]) -> int:
    """Run s3-dist-cp; returns its exit status."""
    options = parser().parse_args(argv)
    try:
        return _run(options)
    except (CommandError, OSError) as problem:
        sys.stderr.write(f"s3-dist-cp: {problem}\n")
        return 1


def _run(options: argparse.Namespace) -> int:
    source = local_path(options.src, options.buckets_dir, options.hdfs_dir)
    dest = local_path(options.dest, options.buckets_dir, options.hdfs_dir)
    if options.target_size:
        sys.stderr.write("s3-dist-cp: --targetSize means nothing on this machine: files are joined whole\n")
    files = files_below(source, options.src, options.pattern)
    copies = plan(files, options.src, dest, options.group)
    for step in copies:
        copy(step)
    if options.delete:
        for path in {path for step in copies for path in step.sources}:
            path.unlink()
    sys.stdout.write(f"s3-dist-cp: {len(files)} files read, {len(copies)} written to {options.dest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
