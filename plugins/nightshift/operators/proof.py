"""Prove that a run left no resources behind."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.compute import targets
from nightshift.failures.errors import SomethingLeft
from nightshift.infrastructure import inventory
from nightshift.operators.base import NightOperator
from nightshift.run.run_context import RunContext


class ProveNothingLeftOperator(NightOperator):
    """Search for all resources that a run can make. Raises SomethingLeft for any of this run, unless keep_cluster. What
    it shares with other runs counts if it was the last to use it; else the XCom says whose it is."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        home = targets.home(night)
        alive = inventory.alive(*home.to_prove())
        left = [f"{kind}: {', '.join(ids)}" for kind, ids in alive.items() if ids]
        if left and not night.keep_cluster:
            raise SomethingLeft(f"{night.run} left {'; '.join(left)}.")
        self.log.info("Looked for %s. Left: %s", ", ".join(alive), "; ".join(left) or "nothing")
        shared = {"shared": home.why} if home.why else {}
        return {"checked": list(alive), "alive": left, **shared}
