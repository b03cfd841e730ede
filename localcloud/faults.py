"""Faults on demand: their kinds, the armed ones, and the matching of armed faults with calls."""

from __future__ import annotations

import itertools
import threading
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from localcloud.errors import FaultError


class FaultKind(StrEnum):
    """The kinds of faults; DESCRIPTIONS says what each does."""

    RUN_JOB_FLOW_THROTTLED = "run-job-flow-throttled"
    RUN_JOB_FLOW_ANSWER_LOST = "run-job-flow-answer-lost"
    EMR_THROTTLED = "emr-throttled"
    CAPACITY_REFUSED = "capacity-refused"
    RUN_THROTTLED = "run-throttled"
    RUN_ANSWER_LOST = "run-answer-lost"
    IMAGE_PULL_FAILURE = "image-pull-failure"
    OUT_OF_MEMORY = "out-of-memory"
    EXECUTOR_LOST = "executor-lost"
    POD_EVICTED = "pod-evicted"
    SLOW_START = "slow-start"
    BOOTSTRAP_FAILURE = "bootstrap-failure"
    STEP_FAILURE = "step-failure"
    STEP_HANGS = "step-hangs"
    NODE_LOST = "node-lost"
    S3_SLOW_DOWN = "s3-slow-down"
    S3_INTERNAL_ERROR = "s3-internal-error"
    SNS_DOWN = "sns-down"
    SSM_THROTTLED = "ssm-throttled"
    AGENT_OFFLINE = "agent-offline"


DESCRIPTIONS = {
    FaultKind.RUN_JOB_FLOW_THROTTLED: "RunJobFlow answers ThrottlingException and makes no cluster",
    FaultKind.RUN_JOB_FLOW_ANSWER_LOST: "RunJobFlow makes the cluster, then the connection drops unanswered",
    FaultKind.EMR_THROTTLED: "any EMR call (--operation) answers ThrottlingException",
    FaultKind.CAPACITY_REFUSED: "EC2 has no capacity (in --zone, of --market): the cluster ends TERMINATED_WITH_ERRORS,"
    " a run of Glue, EMR Serverless or EMR on EKS FAILED",
    FaultKind.RUN_THROTTLED: "any call of Glue jobs, EMR Serverless or EMR on EKS (--operation) is throttled",
    FaultKind.RUN_ANSWER_LOST: "such a call (--operation) is carried out, then the connection drops unanswered",
    FaultKind.IMAGE_PULL_FAILURE: "the image of a run of EMR Serverless or EMR on EKS, or of a pod, cannot be pulled",
    FaultKind.OUT_OF_MEMORY: "a run of Glue, EMR Serverless or EMR on EKS, or a pod, dies after --seconds of too little"
    " memory",
    FaultKind.EXECUTOR_LOST: "such a run fails after --seconds: its executors were lost, more often than Spark retries",
    FaultKind.POD_EVICTED: "the node evicts a pod (--step, in namespace --cluster) --seconds after its start",
    FaultKind.SLOW_START: "the cluster stays --seconds longer in STARTING; a run waits as much longer for its workers",
    FaultKind.BOOTSTRAP_FAILURE: "a bootstrap action fails: the cluster ends TERMINATED_WITH_ERRORS",
    FaultKind.STEP_FAILURE: "a step or a run fails after --seconds with --message on its stderr; it does no work",
    FaultKind.STEP_HANGS: "a step or a run does nothing and never ends, until it is killed",
    FaultKind.NODE_LOST: "--seconds after the cluster is ready, EC2 takes a node of role --node away",
    FaultKind.S3_SLOW_DOWN: "S3 answers 503 SlowDown",
    FaultKind.S3_INTERNAL_ERROR: "S3 answers 500 InternalError",
    FaultKind.SNS_DOWN: "SNS answers 503 ServiceUnavailable",
    FaultKind.SSM_THROTTLED: "any SSM call (--operation) answers ThrottlingException",
    FaultKind.AGENT_OFFLINE: "Systems Manager does not know a running instance (--host): its agent is not online yet",
}
NODE_ROLES = ("master", "core", "task")
MARKETS = ("", "spot", "on-demand")


@dataclass(frozen=True)
class Fault:
    """One armed fault. Patterns are shell globs; an empty one matches everything.

    times: how often it may still strike, None for ever. cluster matches the name or id of a cluster, of a Glue job,
    an application or a virtual cluster, or a pod's namespace; step that of a step, a job run or a pod; operation an
    action of these services, SNS or SSM or an HTTP method of S3, zone the availability zone or the subnet that a
    cluster is launched in, host an instance's Name or id. market: spot, on-demand, or empty for both.
    """

    kind: FaultKind
    id: str = ""
    times: int | None = 1
    cluster: str = ""
    step: str = ""
    bucket: str = ""
    key: str = ""
    operation: str = ""
    zone: str = ""
    host: str = ""
    market: str = ""
    seconds: float = 0.0
    node: str = "core"
    message: str = ""

    def matches(self, subject: dict[str, tuple[str, ...]]) -> bool:
        # Only the fields that the caller passes are compared: an S3 request has no step, so a step pattern is ignored.
        return all(
            not (pattern := getattr(self, field)) or any(fnmatchcase(value, pattern) for value in values)
            for field, values in subject.items()
        )


def parse(values: dict[str, Any]) -> Fault:
    """A Fault from the plain values of the CLI and the HTTP API. Raises FaultError saying what is wrong."""
    unknown = set(values) - {field.name for field in fields(Fault)}
    if unknown:
        raise FaultError(f"a fault has no {', '.join(sorted(unknown))}: see `localcloud faults add --help`.")
    try:
        fault = Fault(**{**values, "kind": FaultKind(values.get("kind", ""))})
    except ValueError:
        known = ", ".join(FaultKind)
        raise FaultError(f"there is no fault {values.get('kind')!r}: choose one of {known}.") from None
    if fault.times is not None and fault.times < 1:
        raise FaultError(f"times is {fault.times}: a fault strikes at least once (or leave it out for ever).")
    if fault.seconds < 0:
        raise FaultError(f"seconds is {fault.seconds}: a fault cannot strike in the past.")
    if fault.node not in NODE_ROLES:
        raise FaultError(f"there is no node role {fault.node!r}: choose one of {', '.join(NODE_ROLES)}.")
    if fault.market not in MARKETS:
        raise FaultError(f"there is no market {fault.market!r}: choose spot or on-demand, or leave it out for both.")
    return fault


class FaultBook:
    """The armed faults of one server; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            # The id is assigned when a fault is armed, so the same fault can be armed twice.
            armed = replace(fault, id=f"fault-{next(self._ids)}")
            self._faults.append(armed)
        return armed

    def armed(self) -> list[dict[str, Any]]:
        """The armed faults as plain values, oldest first."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self, fault_id: str | None = None) -> int:
        """Disarm one fault, or all; returns the number disarmed."""
        with self._lock:
            kept = [f for f in self._faults if fault_id is not None and f.id != fault_id]
            cleared = len(self._faults) - len(kept)
            self._faults = kept
        return cleared

    def strike(self, kind: FaultKind, **subject: str | tuple[str, ...]) -> Fault | None:
        """The first armed fault of this kind that matches the subject, with one use consumed; None if there is none."""
        named = {field: (v,) if isinstance(v, str) else v for field, v in subject.items()}
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.kind is kind and fault.matches(named):
                    self._use_up(index, fault)
                    return fault
        return None

    def peek(self, kind: FaultKind, **subject: str | tuple[str, ...]) -> Fault | None:
        """Like strike, but consumes nothing: for faults that are not due yet."""
        named = {field: (v,) if isinstance(v, str) else v for field, v in subject.items()}
        with self._lock:
            return next((f for f in self._faults if f.kind is kind and f.matches(named)), None)

    def _use_up(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times == 1:
            del self._faults[index]
        else:
            self._faults[index] = replace(fault, times=fault.times - 1)
