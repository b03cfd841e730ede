"""The role that a run's nodes or jobs have: one without secrets, or that of the pipeline whose database they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.failures.errors import ComputeError
from nightshift.run.run_context import RunContext


def role(run: RunContext, foundation: Mapping[str, Any], usual: str, of_sources: str) -> str:
    """The role, or instance profile, in the foundation's output `usual`; if the run reads a database the pipeline's own
    in the output `of_sources`, which can read only its sources' secrets. Raises ComputeError if there is none."""
    if not run.source_secret:
        return str(foundation[usual])
    pipeline = run.pipeline.product
    if pipeline not in foundation[of_sources]:
        raise ComputeError(
            f"The foundation has no role of {pipeline} that opens {run.source_secret}.",
            f"The foundation's owner adds {pipeline} to clusters of its variable sources (docs/your-own-pipeline.md)"
            " and applies it. Then clear the task with downstream.",
        )
    return str(foundation[of_sources][pipeline])
