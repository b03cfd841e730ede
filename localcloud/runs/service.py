"""The HTTP side of Glue's jobs, EMR Serverless and EMR on EKS: a request becomes an action, its result an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from localcloud import shapes, wire
from localcloud.faults import FaultBook, FaultKind
from localcloud.http_server import DropConnection
from localcloud.operations import Operation, Request, called
from localcloud.runs import containers, glue, serverless
from localcloud.runs.engine import RunEngine
from localcloud.runs.errors import ApiError
from localcloud.runs.model import RunStore
from localcloud.runs.session import Action, Session
from localcloud.wire import Answer

log = logging.getLogger(__name__)
ACTIONS: Mapping[str, Mapping[str, Action]] = {
    "glue": glue.ACTIONS,
    "emr-serverless": serverless.ACTIONS,
    "emr-containers": containers.ACTIONS,
}
# Glue's own model knows fewer worker types than Glue, so only the shapes of its parameters are checked.
_CHECKS: Mapping[str, tuple[str, Callable[[str, str, Mapping[str, object]], str]]] = {
    "glue": ("InvalidInputException", shapes.problems),
    "emr-serverless": ("ValidationException", shapes.violations),
    "emr-containers": ("ValidationException", shapes.violations),
}


class RunsService:
    """The APIs over one store; calls are carried out one at a time."""

    def __init__(self, store: RunStore, engine: RunEngine, faults: FaultBook, clock: Callable[[], datetime]) -> None:
        self._store, self._engine, self._faults, self._clock = store, engine, faults, clock

    def answer(self, request: Request, account: str, region: str, principal: str) -> Answer | None:
        """Answer one call to a service of ACTIONS; None when it is moto's: Glue's catalog."""
        operation = called(request)
        if not _is_ours(operation):
            return None
        names = _names(operation)
        if self._faults.strike(FaultKind.RUN_THROTTLED, operation=operation.name, cluster=names):
            return wire.json_error("ThrottlingException", "Rate exceeded", 400 if operation.service == "glue" else 429)
        session = Session(account, region, principal, self._clock(), self._store, self._engine)
        try:
            found = self._call(operation, session)
        except ApiError as error:
            return wire.json_error(error.code, str(error), shapes.status_of(operation.service, error.code))
        if self._faults.strike(FaultKind.RUN_ANSWER_LOST, operation=operation.name, cluster=names):
            # The call has taken effect, but the caller does not learn it, as when a network fails at that moment.
            raise DropConnection
        return found

    def _call(self, operation: Operation, session: Session) -> Answer:
        action = ACTIONS[operation.service].get(operation.name)
        if action is None:
            text = f"localcloud has no {operation.service}:{operation.name}."
            return wire.json_error("NotImplemented", text, 501)  # SDKs treat 501 as final; they would retry a 500
        code, check = _CHECKS[operation.service]
        if wrong := check(operation.service, operation.name, operation.params):
            raise ApiError(code, wrong)
        with self._store.changed:
            result = action(session, operation.params)
            # Formed with the lock held: it may contain what the engine changes.
            formed = shapes.answer(operation.service, operation.name, result)
            self._store.changed.notify_all()
        return wire.json_answer(formed)


def _is_ours(operation: Operation) -> bool:
    """Glue's jobs and their tags are; its catalog is moto's."""
    if operation.service != "glue":
        return True
    resource = str(operation.params.get("ResourceArn", ":job/"))
    return operation.name in glue.ACTIONS and ":job/" in resource


def _names(operation: Operation) -> tuple[str, ...]:
    """The names and ids of what a call is about; fault patterns match these."""
    params = operation.params
    found = (params.get(name) for name in ("JobName", "Name", "name", "applicationId", "virtualClusterId", "id"))
    return tuple(str(name) for name in found if name)
