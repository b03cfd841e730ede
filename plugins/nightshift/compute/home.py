"""Whose stack and places a run uses: its own, or those that it shares with other runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nightshift.run.run_context import RunContext

Outputs = Mapping[str, Any]


class Home(Protocol):
    """What a run's resources are made under. `context` has the names, keys and tags of its stack and places."""

    @property
    def context(self) -> RunContext: ...

    @property
    def why(self) -> str:
        """Whose it is, and why, in a sentence; '' for a run that could not share one."""

    def outputs(self) -> Outputs | None:
        """The outputs of its stack, if another run has applied it; else None, and this run applies it now. Waits while
        another run is at work on it."""

    def built(self, outputs: Outputs) -> None:
        """Note that this run has applied the stack."""

    def leave(self) -> list[RunContext]:
        """End the run's use of the stack; returns the contexts whose stacks the run must remove now."""

    def left(self) -> None:
        """Note that what `leave` returned is removed."""

    def to_prove(self) -> list[RunContext]:
        """The contexts of which this run proves that nothing is left."""


@dataclass(frozen=True)
class Own:
    """The home of a run that shares nothing. `why` says why it does not, if it could have been expected to."""

    context: RunContext
    why: str = ""

    def outputs(self) -> None:
        return None

    def built(self, outputs: Outputs) -> None: ...

    def leave(self) -> list[RunContext]:
        return [self.context]

    def left(self) -> None: ...

    def to_prove(self) -> list[RunContext]:
        return [self.context]
