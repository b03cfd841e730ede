"""The record of the run that a user names: a kept one, or one in S3; and the cloud that it is read from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import clients, endpoint
from embedded.terminal import record
from embedded.terminal.record import Kept
from nightshift.failures.english import meant
from tools.errors import InputRefused

if TYPE_CHECKING:
    from localcloud.credentials import Access

RECORD = "/record.json"


def kept(name: str) -> Kept | None:
    """The kept run that is called so, the newest of several, else the only one whose name begins so; None for the
    s3:// address of one. Raises InputRefused."""
    wanted = name.rstrip("/").removesuffix(RECORD)
    folders = record.kept_runs()
    called = [one for one in folders if record.is_called(one, wanted)][:1]
    matching = called or [one for one in folders if one.name.startswith(wanted) or _named(one).startswith(wanted)]
    if len(matching) > 1:
        raise InputRefused(f"{len(matching)} kept runs begin with {wanted}: ./nightshift runs lists them.")
    if not matching and not name.startswith("s3://"):
        near = meant(wanted, map(_named, folders))
        raise InputRefused(
            f"No kept run is called {wanted}: ./nightshift runs lists them.{near}" if wanted else "No run was kept yet."
        )
    return record.of_folder(matching[0]) if matching else None


def _named(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def of_s3(access: Access | None, region: str | None, uri: str) -> Any:
    """The record at an s3:// address, as messages name it. Raises InputRefused."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        body = clients.of(access, "s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as refused:
        raise InputRefused(f"{uri} cannot be read: {refused}") from None
    return record.parsed(body, uri)


def access(name: str, *, aws: bool) -> Access | None:
    """The cloud to read; None is the AWS account of the environment, which must be requested. Raises InputRefused."""
    there = None if aws else endpoint.chosen()
    if not there and not aws:
        raise InputRefused(
            f"No simulated AWS is running here to look for {name}; what one held ended with it. Start one that stays"
            " with ./nightshift cloud up and run the night on it again, or add --aws for an account."
        )
    return there
