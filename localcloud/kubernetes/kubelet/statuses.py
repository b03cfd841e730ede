"""A pod's status from the states of its containers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localcloud.kubernetes.errors import Json

PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"
ENDED = (SUCCEEDED, FAILED)


def waiting(reason: str, message: str = "") -> Json:
    """The state of a container that has not started."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(code: int, reason: str, started: str, finished: str, message: str = "") -> Json:
    """The state of a container that has ended."""
    times = {"startedAt": started, "finishedAt": finished}
    said = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason, **said, **times}}


def reason_of(code: int) -> str:
    """Why a container ended, if nothing but its exit code says it."""
    return "Completed" if code == 0 else "Error"


def phase(states: Sequence[Json], policy: str) -> str:
    """The pod's phase from its containers' states and its restart policy."""
    codes = [state["terminated"]["exitCode"] for state in states if "terminated" in state]
    if len(codes) == len(states) and not any(restarts(code, policy) for code in codes):
        return FAILED if any(codes) else SUCCEEDED
    started = codes or any("running" in state for state in states)
    return RUNNING if started else PENDING


def restarts(code: int, policy: str) -> bool:
    """Whether a container that ended with a code starts again."""
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def conditions(old: Iterable[Json], now: str, *, initialized: bool, ready: bool, ended: bool) -> list[Json]:
    """The pod's conditions; one that keeps its status keeps its time."""
    known = {condition["type"]: condition for condition in old}
    why = {"reason": "PodCompleted"} if ended else {} if ready else {"reason": "ContainersNotReady"}
    wanted = {
        "Initialized": (initialized, {}),
        "Ready": (ready, why),
        "ContainersReady": (ready, why),
    }
    for name, (holds, said) in wanted.items():
        status = "True" if holds else "False"
        same = name in known and known[name]["status"] == status
        since = known[name]["lastTransitionTime"] if same else now
        known[name] = {"type": name, "status": status, "lastTransitionTime": since, **said}
    return list(known.values())
