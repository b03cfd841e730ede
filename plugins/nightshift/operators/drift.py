"""Compare the applied stacks with their terraform, and notify once of each difference."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context

from nightshift.aws import clock
from nightshift.config import Settings
from nightshift.failures.errors import PreflightError
from nightshift.infrastructure import drift, terraform
from nightshift.report import night_index


class LookForDriftOperator(BaseOperator):
    """Plan every applied stack whose state may be read, and change nothing. The XCom has a row per difference."""

    def __init__(self, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Raises PreflightError if the stacks exist and none could be compared."""
        now, compared = clock.now(self.settings), drift.compare(self.settings)
        for state, why in compared.unseen.items():
            self.log.warning("%s was not compared: %s", state, why)
        for difference in compared.differences:
            self.log.warning("%s", difference)
        news = drift.notify(self.settings, compared, now)
        night_index.keep_drift(self.settings, drift.known(self.settings).values(), f"{now:%Y-%m-%dT%H:%M}Z")
        seen = ", ".join(compared.stacks) or "no stack"
        self.log.info("Compared %s: %d differences, %d of them new.", seen, len(compared.differences), len(news))
        if compared.unseen and not compared.stacks:
            raise PreflightError(f"No stack could be compared: {'; '.join(compared.unseen.values())}.")
        return [asdict(difference) for difference in compared.differences]

    def on_kill(self) -> None:
        terraform.interrupt()
