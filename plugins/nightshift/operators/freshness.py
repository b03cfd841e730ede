"""Check the freshness of gold and notify once of each stale table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context

from nightshift.aws import clock
from nightshift.config import Settings
from nightshift.lake import freshness


class CheckFreshnessOperator(BaseOperator):
    """Compare the age of every gold table's newest partition with its contract. The XCom has a row per stale table."""

    def __init__(self, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def execute(self, context: Context) -> list[dict[str, Any]]:
        stale = freshness.stale(self.settings, clock.now(self.settings))
        for table in stale:
            self.log.warning("%s", table)
        news = [] if context["params"]["dry_run"] else freshness.notify(self.settings, stale)
        self.log.info(
            "%d tables are stale; notified of %d that became stale since the last check.", len(stale), len(news)
        )
        return [asdict(table) for table in stale]
