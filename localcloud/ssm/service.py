"""Run Command's HTTP service: parses a JSON 1.1 request, calls its action, returns the result or the error."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from localcloud import wire
from localcloud.faults import FaultBook
from localcloud.shapes import problems
from localcloud.ssm.api import ACTIONS, Session
from localcloud.ssm.engine import CommandEngine
from localcloud.ssm.errors import SsmError, ValidationException
from localcloud.ssm.model import Json
from localcloud.wire import Answer

TARGET_PREFIX = "AmazonSSM."


class SsmService:
    """SSM's actions that run commands; parameters, documents and the rest are moto's."""

    def __init__(self, engine: CommandEngine, faults: FaultBook, clock: Callable[[], datetime]) -> None:
        self._engine, self._faults, self._clock = engine, faults, clock

    def knows(self, action: str) -> bool:
        """Whether an action is implemented here."""
        return action in ACTIONS

    def answer(self, action: str, body: bytes, account: str, region: str) -> Answer:
        """Answer one call of a known action; an error becomes the one that AWS would send."""
        try:
            return wire.json_answer(self._call(action, json.loads(body or b"{}"), account, region))
        except SsmError as error:
            return wire.json_error(type(error).__name__, str(error))
        except json.JSONDecodeError as error:
            return wire.json_error("SerializationException", f"The request body is not JSON: {error}")

    def _call(self, action: str, params: Json, account: str, region: str) -> Json:
        if wrong := problems("ssm", action, params):
            raise ValidationException(wrong)
        with self._engine.changed:
            return ACTIONS[action](Session(account, region, self._engine, self._faults, self._clock()), params)
