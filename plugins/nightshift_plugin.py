"""Airflow plugin: the timetable of nights, the listener that adds notes to runs, and the trigger form's formats."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from nightshift.report import run_notes
from nightshift.run import formats  # noqa: F401 - the API server checks forms by them
from nightshift.run.timetable import NightTimetable


class NightshiftPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "nightshift"
    listeners = [run_notes]  # noqa: RUF012 - as in its base class
    timetables = [NightTimetable]  # noqa: RUF012
