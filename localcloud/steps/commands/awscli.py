"""`aws s3 cp|mv|rm|ls|sync|mb` as a program, over boto3: the part of the AWS CLI that steps use.

python -m localcloud.steps.commands.awscli s3 cp SOURCE TARGET [--recursive] [--exclude PATTERN] …
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.steps.commands import places
from localcloud.steps.commands.places import Item, Place
from localcloud.steps.errors import CommandError

_ATTRIBUTES = MappingProxyType(
    {
        "--content-type": "ContentType",
        "--content-encoding": "ContentEncoding",
        "--storage-class": "StorageClass",
        "--sse": "ServerSideEncryption",
        "--sse-kms-key-id": "SSEKMSKeyId",
        "--acl": "ACL",
    }
)
_FLAGS = ("recursive", "delete", "dryrun", "quiet", "only-show-errors", "no-progress", "size-only", "exact-timestamps")


def parser() -> argparse.ArgumentParser:
    """The options of all subcommands. --exclude and --include go into one list: their order counts."""
    options = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    options.add_argument("service", choices=["s3"])
    options.add_argument("action", choices=sorted(ACTIONS))
    options.add_argument("paths", nargs="*")
    for flag in _FLAGS:
        options.add_argument(f"--{flag}", action="store_true")
    for kind in ("exclude", "include"):
        options.add_argument(f"--{kind}", dest="filters", action="append", type=partial(_rule, kind), default=[])
    for flag, name in _ATTRIBUTES.items():
        options.add_argument(flag, dest=name, nargs="?", const="AES256")
    for flag in ("--region", "--endpoint-url", "--profile", "--output"):
        options.add_argument(flag)
    return options


def _rule(kind: str, pattern: str) -> tuple[str, str]:
    return kind, pattern


class Session:
    """One call of `aws s3`: its client, its options, the printed lines."""

    def __init__(self, client: Any, options: argparse.Namespace) -> None:
        self.client, self.options = client, options
        attributes = {name: getattr(options, name) for name in _ATTRIBUTES.values()}
        self._extra = {name: value for name, value in attributes.items() if value}

    def places(self, count: int) -> list[Place]:
        """The command line's positional arguments. Raises CommandError when their number is wrong for the action."""
        given = self.options.paths
        if len(given) != count:
            raise CommandError(f"aws s3 {self.options.action} takes {count} paths, {len(given)} were given.")
        return [places.parse(path) for path in given]

    def pair(self) -> tuple[Place, Place]:
        """Source and target. Raises CommandError when neither is in S3."""
        source, target = self.places(2)
        if not (source.is_s3 or target.is_s3):
            raise CommandError("Invalid argument type: one of the two paths must be s3://bucket/key.", exit_code=252)
        return source, target

    def tree(self, top: Place) -> Iterable[Item]:
        """The files or objects below top that pass the filters."""
        return places.tree(self.client, top, self.options.filters)

    def transfer(self, source: Place, target: Place) -> None:
        """Copy one file or object. Raises ClientError, OSError, CommandError."""
        verb = "copy" if source.is_s3 and target.is_s3 else "upload" if target.is_s3 else "download"
        if not self.options.dryrun:
            {"copy": self._copy, "upload": self._upload, "download": self._download}[verb](source, target)
        self.say("move" if self.options.action == "mv" else verb, f"{source} to {target}")

    def remove(self, place: Place) -> None:
        """Remove one file or object."""
        if self.options.dryrun:
            return
        if place.is_s3:
            self.client.delete_object(Bucket=place.bucket, Key=place.path)
        else:
            Path(place.path).unlink()

    def say(self, verb: str, text: str) -> None:
        """Print a line as the AWS CLI does."""
        silent = self.options.quiet or self.options.only_show_errors or "-" in self.options.paths
        if not silent:
            sys.stdout.write(f"{'(dryrun) ' if self.options.dryrun else ''}{verb}: {text}\n")

    def _upload(self, source: Place, target: Place) -> None:
        if source.path == "-":
            self.client.upload_fileobj(sys.stdin.buffer, target.bucket, target.path, ExtraArgs=self._extra)
            return
        if not Path(source.path).is_file():
            raise CommandError(f"The user-provided path {source.path} does not exist.", exit_code=255)
        self.client.upload_file(source.path, target.bucket, target.path, ExtraArgs=self._extra)

    def _download(self, source: Place, target: Place) -> None:
        if target.path == "-":
            self.client.download_fileobj(source.bucket, source.path, sys.stdout.buffer)
            return
        Path(target.path).parent.mkdir(parents=True, exist_ok=True)
        self.client.download_file(source.bucket, source.path, target.path)

    def _copy(self, source: Place, target: Place) -> None:
        origin = {"Bucket": source.bucket, "Key": source.path}
        self.client.copy(origin, target.bucket, target.path, ExtraArgs=self._extra)


def cp(session: Session) -> int:
    """Copy a file, or with --recursive a tree; one side at least is in S3."""
    for source, target in _pairs(session):
        session.transfer(source, target)
    return 0


def mv(session: Session) -> int:
    """cp, and each source is removed once it is copied."""
    for source, target in _pairs(session):
        session.transfer(source, target)
        session.remove(source)
    return 0


def sync(session: Session) -> int:
    """Copy what is missing in the target, differs in size or is older; --delete: remove what the source lacks."""
    source, target = session.pair()
    if not target.is_s3:
        Path(target.path).mkdir(parents=True, exist_ok=True)
    present = {item.relative: item for item in session.tree(target)}
    offered = {item.relative: item for item in session.tree(source)}
    for relative, item in offered.items():
        if _outdated(item, present.get(relative), size_only=session.options.size_only):
            session.transfer(item.place, target.below(relative))
    if session.options.delete:
        for relative in sorted(present.keys() - offered.keys()):
            session.say("delete", str(present[relative].place))
            session.remove(present[relative].place)
    return 0


def rm(session: Session) -> int:
    """Remove one object, or with --recursive all below a prefix."""
    (top,) = session.places(1)
    doomed = [item.place for item in session.tree(top)] if session.options.recursive else [top]
    for place in doomed:
        session.say("delete", str(place))
        session.remove(place)
    return 0


def ls(session: Session) -> int:
    """List the buckets, or what a prefix holds; status 1 when a named prefix holds nothing."""
    if not session.options.paths:
        for bucket in session.client.list_buckets()["Buckets"]:
            sys.stdout.write(f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}\n")
        return 0
    top = places.parse("s3://" + session.options.paths[0].removeprefix("s3://"))
    lines = [f"{line}\n" for line in places.listing(session.client, top, recursive=session.options.recursive)]
    sys.stdout.write("".join(lines))
    return 0 if lines or not top.path else 1


def mb(session: Session) -> int:
    """Make a bucket in the client's region."""
    (place,) = session.places(1)
    region = session.client.meta.region_name
    # us-east-1 is the one region that S3 does not accept by name.
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    session.client.create_bucket(Bucket=place.bucket, **where)
    session.say("make_bucket", str(place.bucket))
    return 0


ACTIONS: Mapping[str, Callable[[Session], int]] = MappingProxyType(
    {"cp": cp, "mv": mv, "sync": sync, "rm": rm, "ls": ls, "mb": mb}
)


def _pairs(session: Session) -> list[tuple[Place, Place]]:
    source, target = session.pair()
    if session.options.recursive:
        return [(item.place, target.below(item.relative)) for item in session.tree(source)]
    return [(source, _whole(source, target))]


def _whole(source: Place, target: Place) -> Place:
    """The target of one file: a directory or a prefix ending in / gets the source's name appended."""
    is_folder = not target.path or target.path.endswith("/") or (not target.is_s3 and Path(target.path).is_dir())
    return target.below(source.name) if is_folder else target


def _outdated(item: Item, present: Item | None, *, size_only: bool) -> bool:
    if present is None or present.size != item.size:
        return True
    return not size_only and item.modified > present.modified


def main(argv: Sequence[str]) -> int:
    """Run `aws s3`; returns its exit status (1: the transfer failed, 252 and 255: wrong arguments)."""
    options = parser().parse_intermixed_args(argv)
    try:
        client = boto3.client("s3", region_name=options.region, endpoint_url=options.endpoint_url)
        return ACTIONS[options.action](Session(client, options))
    except CommandError as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    except (ClientError, BotoCoreError, Boto3Error, OSError) as problem:
        sys.stderr.write(f"fatal error: {problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
