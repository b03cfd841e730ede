"""Bootstrap actions: run one after the other as processes of the primary node, before the cluster is ready.

Actions whose path is not in S3 are scripts in EMR's own image, which does not exist here: they are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from moto.s3.models import s3_backends

from localcloud.credentials import Access
from localcloud.emr.model import Cluster, Json, Reason
from localcloud.emr.seam import BootstrapRequest, Runner


def run(cluster: Cluster, runner: Runner, access: Access) -> Reason | None:
    """Run the cluster's actions and block until they have ended; returns the reason to end the cluster if one
    failed."""
    for request in requests(cluster, access):
        if not _exists(cluster.account, request.args[0]):
            text = f"Master instance ({request.instance}) failed attempting to download bootstrap action "
            detail = "BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY"
            return Reason("BOOTSTRAP_FAILURE", f"{text}{request.number} file from S3", detail)
        if runner.run(request).exit_code:
            return non_zero(cluster, request.number)
    return None


def requests(cluster: Cluster, access: Access) -> Iterator[BootstrapRequest]:
    """One request for each action in S3, numbered as in RunJobFlow, from 1."""
    for number, script in _scripts(cluster):
        yield _request(cluster, access, number, (str(script["Path"]), *map(str, script.get("Args") or ())))


def step_ids(cluster: Cluster) -> Iterator[str]:
    """The step ids by which the runner knows these actions."""
    yield from (_step_id(number) for number, _ in _scripts(cluster))


def _scripts(cluster: Cluster) -> Iterator[tuple[int, Json]]:
    for number, action in enumerate(cluster.spec.get("BootstrapActions") or [], 1):
        script = action["ScriptBootstrapAction"]
        if str(script["Path"]).startswith("s3"):
            yield number, script


def _step_id(number: int) -> str:
    return f"bootstrap-action-{number}"


def non_zero(cluster: Cluster, number: int) -> Reason:
    """The state-change reason of a cluster that ends because an action exited non-zero."""
    text = f"On the master instance ({_master(cluster)}), bootstrap action {number} returned a non-zero return code"
    return Reason("BOOTSTRAP_FAILURE", text, "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE")


def _request(cluster: Cluster, access: Access, number: int, args: tuple[str, ...]) -> BootstrapRequest:
    return BootstrapRequest(
        account=cluster.account,
        region=cluster.region,
        access=access,
        cluster_id=cluster.id,
        step_id=_step_id(number),
        jar="script-runner.jar",
        args=args,
        log_uri=cluster.log_uri,
        spark_defaults={},
        instance=_master(cluster),
        number=number,
    )


def _master(cluster: Cluster) -> str:
    return next((node.ec2_id for node in cluster.nodes if node.role == "MASTER"), "i-unknown")


def _exists(account: str, uri: str) -> bool:
    parts = urlsplit(uri)
    bucket = s3_backends[account]["aws"].buckets.get(parts.netloc)
    return bucket is not None and parts.path.lstrip("/") in bucket.keys
