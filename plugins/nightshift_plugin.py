"""Airflow plugin: registers the listener that adds notes to runs."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from nightshift.report import run_notes


class NightshiftPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "nightshift"
    listeners = [run_notes]  # noqa: RUF012 - as in its base class
