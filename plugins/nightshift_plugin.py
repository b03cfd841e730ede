"""What Airflow's plugin manager takes from this package."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from nightshift import run_notes


class NightshiftPlugin(AirflowPlugin):
    """Notes beside runs."""

    name = "nightshift"
    listeners = [run_notes]  # noqa: RUF012 - as its base class has it
