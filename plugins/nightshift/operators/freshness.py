"""Freshness as a task: gold that has grown old is told, once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator, Context

from nightshift.config import Settings
from nightshift.hooks import clock, freshness


class CheckFreshnessOperator(BaseOperator):
    """Hold the newest partition of every gold table against its contract. The XCom is a row for each that is stale."""

    def __init__(self, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def execute(self, context: Context) -> list[dict[str, Any]]:
        found = freshness.stale(self.settings, clock.now(self.settings))
        for one in found:
            self.log.warning("%s", one)
        news = [] if context["params"]["dry_run"] else freshness.tell(self.settings, found)
        self.log.info("%d tables are stale; %d of them are news, and were told.", len(found), len(news))
        return [asdict(one) for one in found]
