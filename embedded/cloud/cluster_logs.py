"""What an EMR cluster left of its failures: EMR's own words, and the logs under its LogUri. Nightshift need not have
made it.

Layout of the logs (EMR management guide, "View log files"): <LogUri>/<cluster>/steps/<step>/{controller,stdout,stderr}
.gz, containers/<application>/<container>/{stdout,stderr}.gz, node/<instance>/bootstrap-actions/<n>/{…}.gz. Of a Spark
job in cluster mode the driver is container …_000001, and its step says little.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_s3 import S3Client

STREAMS = ("stdout", "stderr")
LINES = 2000  # of a log's end, as compute/logs.py reads
EXIT = re.compile(r"Step (?P<how>failed|succeeded) with exitCode (?P<code>\d+)")  # of a step's controller log
ERROR = re.compile(r"^Traceback|Exception\b")
APPLICATION = re.compile(r"application_\d+_\d+")
DRIVER = "_000001"


@dataclass(frozen=True)
class FailedPart:
    """A failed step or bootstrap action: its name, what EMR says of it, its logs' last lines, and where those are."""

    name: str
    said: str
    logs: Mapping[str, Sequence[str]]
    where: str


@dataclass(frozen=True)
class Remains:
    """What is known of a cluster. `said` is EMR's reason for its end; `unread` is why EMR or S3 did not answer, and
    `known` whether either has anything of it."""

    cluster_id: str
    state: str = ""
    said: str = ""
    failed: Sequence[FailedPart] = ()
    unread: Sequence[str] = ()
    known: bool = False


def read(emr: EMRClient, s3: S3Client, cluster_id: str, log_uri: str = "") -> Remains:
    """What EMR and the logs say. `log_uri` is needed where EMR no longer knows the cluster, or may not be called: a
    reader needs s3:ListBucket and s3:GetObject on the logs (and kms:Decrypt), and for EMR's own words
    elasticmapreduce:DescribeCluster and ListSteps."""
    unread: list[str] = []
    try:
        cluster: Any = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
        pages = emr.get_paginator("list_steps").paginate(ClusterId=cluster_id, StepStates=["FAILED"])
        steps: list[Any] = [step for page in pages for step in page["Steps"]]
    except (BotoCoreError, ClientError) as refused:
        cluster, steps = {}, []
        unread.append(f"EMR does not describe it: {refused}")
    reason = cluster.get("Status", {}).get("StateChangeReason", {})
    said = ": ".join(filter(None, (reason.get("Code"), reason.get("Message"))))
    failed: list[FailedPart] = []
    known = bool(cluster)
    if uri := log_uri or cluster.get("LogUri", ""):
        logs = _Logs(s3, f"{uri.rstrip('/')}/{cluster_id}/")
        try:
            failed = list(_failed(logs, steps) if steps else _by_logs(logs))
            known = known or bool(logs.folders(""))
        except (BotoCoreError, ClientError) as refused:
            unread.append(f"{logs.uri} cannot be read: {refused}")
    else:
        unread.append("No log folder is known: name it with --logs s3://bucket/prefix/")
    named = failed or [FailedPart(step["Name"], _reason(step), {}, "") for step in steps]
    return Remains(cluster_id, cluster.get("Status", {}).get("State", ""), said, named, unread, known)


class _Logs:
    """The logs of one cluster."""

    def __init__(self, s3: S3Client, uri: str) -> None:
        self._s3, self.uri = s3, uri
        self._bucket, self._root = urlsplit(uri).netloc, urlsplit(uri).path.lstrip("/")

    def folders(self, below: str) -> list[str]:
        """The names of the folders in a folder."""
        prefix = f"{self._root}{below}"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        folders = [str(p["Prefix"]) for page in pages for p in page.get("CommonPrefixes", [])]
        return [folder.removeprefix(prefix).rstrip("/") for folder in folders]

    def ends(self, folder: str, streams: Iterable[str] = STREAMS) -> dict[str, list[str]]:
        """The last lines of the logs in a folder that are there."""
        return {name: lines for name in streams if (lines := self._end(f"{self._root}{folder}{name}.gz"))}

    def _end(self, key: str) -> list[str]:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        except self._s3.exceptions.NoSuchKey:
            return []
        end: deque[str] = deque(maxlen=LINES)
        try:
            with gzip.open(body) as packed:
                end.extend(line.rstrip("\n") for line in io.TextIOWrapper(packed, "utf-8", errors="replace"))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            pass  # what was read before the damage is still worth showing
        return list(end)


def _failed(logs: _Logs, steps: Sequence[Any]) -> Iterator[FailedPart]:
    """The steps that EMR calls failed."""
    for step in steps:
        yield _part(logs, step["Name"], _reason(step), f"steps/{step['Id']}/")


def _by_logs(logs: _Logs) -> Iterator[FailedPart]:
    """The steps that the logs alone show to have failed; without any step, the bootstrap actions."""
    steps = logs.folders("steps/")
    for step in steps:
        controller = logs.ends(f"steps/{step}/", ["controller"]).get("controller", [])
        ended = [match for line in controller if (match := EXIT.search(line))]
        if any(match["how"] == "failed" for match in ended):
            yield _part(logs, step, ended[-1][0], f"steps/{step}/")
        elif not ended and any(ERROR.search(line) for line in logs.ends(f"steps/{step}/").get("stderr", ())):
            yield _part(logs, step, "", f"steps/{step}/")
    if not steps:
        yield from _bootstrap(logs)


def _bootstrap(logs: _Logs) -> Iterator[FailedPart]:
    """The bootstrap actions that wrote errors, on each instance; the last of an instance is the one that failed."""
    for instance in logs.folders("node/"):
        for action in logs.folders(f"node/{instance}/bootstrap-actions/")[-1:]:
            folder = f"node/{instance}/bootstrap-actions/{action}/"
            if ends := logs.ends(folder):
                said = f"bootstrap action {action} on {instance}"
                yield FailedPart(said, f"{said} came back non-zero", ends, logs.uri + folder)


def _part(logs: _Logs, name: str, said: str, folder: str) -> FailedPart:
    """A failed step with its logs, or those of its driver in cluster mode."""
    ends = logs.ends(folder)
    applications = [match[0] for lines in ends.values() for line in lines if (match := APPLICATION.search(line))]
    for application in dict.fromkeys(reversed(applications)):
        below = f"containers/{application}/"
        for container in (name for name in logs.folders(below) if name.endswith(DRIVER)):
            if driver := logs.ends(f"{below}{container}/"):
                return FailedPart(name, said, driver, f"{logs.uri}{below}{container}/")
    return FailedPart(name, said, ends, logs.uri + folder)


def _reason(step: Any) -> str:
    status = step["Status"]
    failure, change = status.get("FailureDetails", {}), status.get("StateChangeReason", {})
    return str(failure.get("Message") or failure.get("Reason") or change.get("Message") or "")
