"""The runner protocol: the engine's interface to whatever runs its steps; implemented by localcloud.steps."""

from __future__ import annotations

from typing import Protocol

from localcloud.steps.request import BootstrapRequest, StepOutcome, StepRequest

__all__ = ["BootstrapRequest", "Runner", "StepOutcome", "StepRequest"]


class Runner(Protocol):
    """Runs the steps of all clusters, each in the thread that calls run."""

    def run(self, request: StepRequest) -> StepOutcome:
        """Run a step and block until it has ended and its output is in S3; a failing step does not raise.

        The processes of a BootstrapRequest may outlive it: until it is killed, its cluster is forgotten, or the runner
        is closed.
        """

    def kill(self, cluster_id: str, step_id: str) -> None:
        """Kill a step's processes, or prevent a step that has not started; its run() returns soon after."""

    def forget(self, cluster_id: str) -> None:
        """Discard what belonged to an ended cluster alone."""

    def close(self) -> None:
        """Kill every step, and run no more."""
