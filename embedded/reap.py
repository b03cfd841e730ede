"""The process behind ./nightshift reap: one pass of the library's reaper, and its rows as a table."""

from __future__ import annotations

import getpass
import logging
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from nightshift import config
from nightshift.errors import NightshiftError, PreflightError
from nightshift.hooks import aws, reaping
from nightshift.hooks.reaping import Row

DONE, FAILED = 0, 1
NEXT = "Set NIGHTSHIFT_NAME and AWS_REGION to the deployment's own, with credentials of its account."


def main(arguments: Sequence[str]) -> int:
    """One pass; 1 when something could not be reaped, or another reaper is at work."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    dry_run = "--dry-run" in arguments
    try:
        settings = config.load()
        print(f"Account:  {_place(settings)}", flush=True)
        found = reaping.reap(settings, _who(), dry_run=dry_run)
    except (NightshiftError, BotoCoreError, ClientError) as error:
        print(f"nightshift: {error}", file=sys.stderr)
        return FAILED
    for line in [found.busy] if found.busy else table(found.rows):
        print(line)
    return FAILED if found.busy or not all(row.ok for row in found.rows) else DONE


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as lines, or one line that there is nothing."""
    shown = list(rows)
    if not shown:
        yield "No run is open, and nothing is left of any."
        return
    width = max(len(row.run) for row in shown)
    for row in shown:
        yield f"{row.run:<{width}}  {row.fate:<5}  {row.why}"
        if row.done:
            yield f"{'':<{width}}  {'':<5}  {'' if row.ok else 'FAILED: '}{row.done}"


def _place(settings: config.Settings) -> str:
    """Where the reaper will look. Raises PreflightError when no lake of that name is there: it would find nothing
    anywhere, and "nothing is left" would be no news."""
    account, lake = aws.client(settings, "sts").get_caller_identity()["Account"], settings.bucket("lake")
    try:
        there = aws.client(settings, "s3").head_bucket(Bucket=lake).get("BucketRegion", settings.region)
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        raise PreflightError(f"The lake {lake} cannot be read in account {account} ({code}).", NEXT) from refused
    if there != settings.region:
        raise PreflightError(f"The lake {lake} is in {there}, and this looks in {settings.region}.", NEXT)
    return f"{account}, {settings.name} in {settings.region}"


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}, process {os.getpid()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
