"""What the engine asks of whoever runs its steps; localcloud.steps does it for real."""

from __future__ import annotations

from typing import Protocol

from localcloud.steps.request import BootstrapRequest, StepOutcome, StepRequest

__all__ = ["BootstrapRequest", "Runner", "StepOutcome", "StepRequest"]


class Runner(Protocol):
    """Runs the steps of all clusters, each in the thread that calls run."""

    def run(self, request: StepRequest) -> StepOutcome:
        """Run a step and block until it has ended and its output is in S3; a failing step does not raise.

        A BootstrapRequest is a step whose processes may outlive it: until it is killed, its cluster is forgotten,
        or the runner is closed.
        """

    def kill(self, cluster_id: str, step_id: str) -> None:
        """End a step's processes, even one that has not started yet; its run() returns soon after."""

    def forget(self, cluster_id: str) -> None:
        """A cluster has ended: drop what belonged to it alone."""

    def close(self) -> None:
        """Kill every step, and run no more."""
