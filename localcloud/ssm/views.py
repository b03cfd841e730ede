"""Commands and invocations in the API's response format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from localcloud.ssm.model import DOCUMENT, PLUGIN, TOLD, Command, Invocation, Json, Status

_ECHOED = ("Comment", "OutputS3BucketName", "OutputS3KeyPrefix", "Parameters", "TimeoutSeconds")
_MOST_OUTPUT = 2_500  # of CommandPlugin$Output
# A command has the first of these statuses that any invocation has; otherwise it has succeeded.
_DECIDING = (Status.CANCELLING, Status.IN_PROGRESS, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED)


def command(sent: Command) -> Json:
    """Command of the API: the request, and the combined status of its invocations."""
    invocations = list(sent.invocations.values())
    status, details = _summary(invocations)
    return {
        **{name: sent.spec[name] for name in _ECHOED if name in sent.spec},
        "CommandId": sent.id,
        "DocumentName": DOCUMENT,
        "InstanceIds": list(sent.invocations),
        "RequestedDateTime": sent.requested_at,
        "ExpiresAfter": sent.expires_at,
        "Status": status,
        "StatusDetails": details,
        "TargetCount": len(invocations),
        "CompletedCount": sum(not i.live for i in invocations),
        "ErrorCount": sum(i.details in ("Failed", "ExecutionTimedOut") for i in invocations),
        "DeliveryTimedOutCount": sum(i.details == "DeliveryTimedOut" for i in invocations),
    }


def result(sent: Command, of: Invocation) -> Json:
    """GetCommandInvocation's answer. Times are text, '' if not set."""
    return {
        **_identity(sent, of),
        "PluginName": PLUGIN,
        "ResponseCode": of.code,
        "ExecutionStartDateTime": _iso(of.started_at),
        "ExecutionElapsedTime": _elapsed(of),
        "ExecutionEndDateTime": _iso(of.ended_at),
        "StandardOutputContent": of.stdout,
        "StandardErrorContent": of.stderr,
        "StandardOutputUrl": _url(sent, of, "stdout"),
        "StandardErrorUrl": _url(sent, of, "stderr"),
    }


def invocation(sent: Command, of: Invocation, *, details: bool) -> Json:
    """CommandInvocation of the API; its one plugin is included when details are requested."""
    return {
        **_identity(sent, of),
        "RequestedDateTime": sent.requested_at,
        "StandardOutputUrl": _url(sent, of, "stdout"),
        "StandardErrorUrl": _url(sent, of, "stderr"),
        "CommandPlugins": [_plugin(of)] if details else [],
    }


def _identity(sent: Command, of: Invocation) -> Json:
    return {
        "CommandId": sent.id,
        "InstanceId": of.instance,
        "Comment": sent.spec.get("Comment", ""),
        "DocumentName": DOCUMENT,
        "Status": of.status,
        "StatusDetails": of.details,
    }


def _plugin(of: Invocation) -> Json:
    error = f"\n----------ERROR-------\n{of.stderr}" if of.stderr else ""
    return {
        "Name": PLUGIN,
        "Status": of.status,
        "StatusDetails": of.details,
        "ResponseCode": of.code,
        "ResponseStartDateTime": of.started_at,
        "ResponseFinishDateTime": of.ended_at,
        "Output": f"{of.stdout}{error}"[:_MOST_OUTPUT],
    }


def _summary(invocations: Sequence[Invocation]) -> tuple[Status, str]:
    if all(i.status is Status.PENDING for i in invocations):
        return Status.PENDING, "Pending"
    # A waiting invocation beside running ones counts as in progress.
    shown = [
        (Status.IN_PROGRESS, "InProgress") if i.status is Status.PENDING else (i.status, i.details) for i in invocations
    ]
    return min((s for s in shown if s[0] in _DECIDING), key=lambda s: _DECIDING.index(s[0]), default=shown[0])


def _url(sent: Command, of: Invocation, name: str) -> str:
    bucket = sent.spec.get("OutputS3BucketName")
    if not bucket or of.status not in TOLD:
        return ""
    return f"https://s3.{sent.region}.amazonaws.com/{bucket}/{sent.output_key(of.instance, name)}"


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if moment else ""


def _elapsed(of: Invocation) -> str:
    if of.started_at is None or of.ended_at is None:
        return ""
    return f"PT{(of.ended_at - of.started_at).total_seconds():.3f}S"
