"""Timetable of nights: Airflow's cron timetable, whose scheduled runs are named by their business date too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.timetables.base import DataInterval
from airflow.timetables.trigger import CronTriggerTimetable
from airflow.utils.types import DagRunType
from pendulum import DateTime


class NightTimetable(CronTriggerTimetable):
    """Run ids such as scheduled__2026-01-05T03:00:00+00:00_20260104, whose end is the business date.

    A run on request keeps Airflow's own id: its date is a parameter, which a timetable does not get.
    """

    def generate_run_id(
        self, *, run_type: DagRunType, run_after: DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        plain: str = super().generate_run_id(
            run_type=run_type, run_after=run_after, data_interval=data_interval, **extra
        )
        if run_type != DagRunType.SCHEDULED:
            return plain
        eve = run_after.in_timezone(self._timezone).date() - timedelta(days=1)
        return f"{plain}_{eve:%Y%m%d}"
