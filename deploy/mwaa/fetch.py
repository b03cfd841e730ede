"""What startup.sh runs on a worker: brings the tools from the project's bucket and lays them out for terraform.

It stands alone, with the standard library and boto3: the bundle's builder puts its text into startup.sh.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LIMIT_SECONDS = 300  # MWAA ends a startup script then
PARALLEL = TransferConfig(max_concurrency=16, multipart_chunksize=16 * 1024 * 1024)
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=60)
CLI_CONFIG = """\
# Written by startup.sh: providers come from this machine and from nowhere else.
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""


class Refused(Exception):
    """A tool that came is not the one that the bundle names."""


FAILURES = (BotoCoreError, ClientError, OSError, KeyError, Refused, zipfile.BadZipFile)


def main(bucket: str, tickets: str, home: str) -> int:
    """Lay out every tool of `tickets` (JSON) below `home`; gives the exit status, having said what was done."""
    begun, target = time.monotonic(), Path(home)
    try:
        for ticket in json.loads(tickets):
            how = bring(bucket, ticket, target)
            say(f"{ticket['name']} {how}, {time.monotonic() - begun:.1f} s since the start")
        (target / "terraform.rc").write_text(CLI_CONFIG.format(mirror=target / "providers"), encoding="utf-8")
    except FAILURES as error:
        say(f"no terraform on this worker: {error}. The preflight of its runs refuses them, at no cost.")
        say("Upload the tools with `make mwaa-tools`, then update the environment so that its workers restart.")
        return 1
    say(f"ready in {time.monotonic() - begun:.1f} s of the {LIMIT_SECONDS} that MWAA gives")
    return 0


def bring(bucket: str, ticket: dict[str, Any], home: Path) -> str:
    """One tool: left where it is whole already, else fetched, checked and moved into place; gives what was done."""
    if all(_is(home / place, expected) for place, expected in ticket["files"].items()):
        return "was there"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".coming-") as scratch:
        packed = Path(scratch) / "tool.zip"
        s3 = boto3.client("s3", config=PATIENT)
        s3.download_file(bucket, ticket["key"], str(packed), Config=PARALLEL)
        with zipfile.ZipFile(packed) as archive:
            for place, expected in ticket["files"].items():
                _unpack(archive, place, Path(scratch) / "file", expected)
                (home / place).parent.mkdir(parents=True, exist_ok=True)
                (Path(scratch) / "file").replace(home / place)  # whole or not at all
    return "fetched"


def say(words: str) -> None:
    """One line in the environment's log of startup scripts."""
    print(f"nightshift: {words}", flush=True)


def _unpack(archive: zipfile.ZipFile, place: str, target: Path, expected: str) -> None:
    with archive.open(place) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file, 1024 * 1024)
    if not _is(target, expected):
        raise Refused(f"{place} came from the bucket with another SHA-256 than {expected}, and was not used")
    target.chmod(0o755)  # neither S3 nor zipfile keeps the mode


def _is(path: Path, expected: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == expected


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
