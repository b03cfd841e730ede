"""EMR's HTTP service: parses a JSON 1.1 request, calls its action, returns the result or the error."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from localcloud import wire
from localcloud.emr.api import ACTIONS
from localcloud.emr.api.session import Session
from localcloud.emr.engine import Clock, Engine, utc_now
from localcloud.emr.errors import EmrError, Invalid
from localcloud.emr.model import Json
from localcloud.emr.store import Store
from localcloud.shapes import problems

if TYPE_CHECKING:
    from localcloud.wire import Answer

log = logging.getLogger(__name__)
TARGET_PREFIX = "ElasticMapReduce."


class EmrService:
    """The API over one store; calls are answered one at a time."""

    def __init__(self, store: Store, engine: Engine, clock: Clock = utc_now) -> None:
        self._store, self._engine, self._clock = store, engine, clock

    def answer(self, action: str, body: bytes, account: str, region: str) -> Answer:
        """Answer one call; an action's error becomes the error that AWS would send."""
        if action not in ACTIONS:
            # SDKs treat 501 as final; they would retry a 500.
            return wire.json_error("NotImplemented", f"localcloud has no elasticmapreduce:{action}.", 501)
        try:
            return wire.json_answer(self.call(action, json.loads(body or b"{}"), account, region))
        except EmrError as error:
            return wire.json_error(error.code, str(error))
        except json.JSONDecodeError as error:
            return wire.json_error("SerializationException", f"The request body is not JSON: {error}")

    def call(self, action: str, params: Json, account: str, region: str) -> Json:
        """Call one action of ACTIONS in a region. Raises EmrError when it is refused."""
        if wrong := problems("emr", action, params):
            raise Invalid(f"1 or more validation errors detected: {wrong}")
        with self._store.changed:
            session = Session(
                region=self._store.region(account, region),
                engine=self._engine,
                now=self._clock(),
                principal=f"arn:aws:iam::{account}:root",
            )
            result = ACTIONS[action](session, params)
            # A change may let a cluster advance: wake the engine instead of waiting for the tick.
            if not action.startswith(("Describe", "List", "Get")):
                self._store.changed.notify_all()
        return result
