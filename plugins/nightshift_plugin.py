"""Airflow plugin: registers the timetable of nights, and the listener that adds notes to runs."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from nightshift.report import run_notes
from nightshift.run.timetable import NightTimetable


class NightshiftPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "nightshift"
    listeners = [run_notes]  # noqa: RUF012 - as in its base class
    timetables = [NightTimetable]  # noqa: RUF012
