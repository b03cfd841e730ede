"""The error of whoever ends a run early, between two tasks or within one."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowFailException

from nightshift.failures.errors import Stopped


class Interrupted(Stopped, AirflowFailException):
    """The run is to end: its work stops without a retry, its teardown and report follow.

    Airflow takes it as final wherever it is raised, also in a hook before `execute`, since it is an
    AirflowFailException; the failure report reads cause and next action as of any error of ours.
    """

    final = True
    next_action = "Run it again."

    def __str__(self) -> str:
        """The reason alone, as a terminal shows it; the failure report adds the next action."""
        return str(self.args[0])
