"""How a night is stopped without losing its teardown: work fails at once, teardown and report go on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Why the night is to end early, if it is. A task that is work fails, without a retry; a teardown is left alone.

    It is a flag as well as an exception because a signal may come between two tasks, where an exception would end
    Airflow's own loop, and the teardown with it.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._working: Any = None
        self._notify: Callable[[str], None] = _silent

    def install(self, notify: Callable[[str], None]) -> None:
        """Take SIGINT and SIGTERM from now on; `notify` hears the reason."""
        self._notify = notify
        self._listen()

    def request(self, reason: str) -> None:
        """Let no further work begin."""
        self.reason = self.reason or reason

    def guard(self, task: Any) -> None:
        """Make a DAG's task refuse to begin once a stop was requested, unless it is to run whatever happened."""
        if _is_work(task):
            task._pre_execute_hook = self._refuse

    def enter(self, task: Any) -> None:
        """A task begins. Airflow sets its own SIGTERM handler for each; ours comes back."""
        self._working = task if _is_work(task) else None
        self._listen()

    def leave(self) -> None:
        """The task ended."""
        self._working = None

    def _listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, _frame: object) -> None:
        if self.reason is None:
            self.reason = f"The night was interrupted ({signal.Signals(number).name})."
            self._notify(self.reason)
        task, self._working = self._working, None
        if task:
            task.on_kill()
            self._refuse({})

    def _refuse(self, _context: Any) -> None:
        from nightshift.failures.interrupted import Interrupted  # noqa: PLC0415 - it imports Airflow, slowly

        if self.reason:
            raise Interrupted(self.reason)


def _is_work(task: Any) -> bool:
    """Whether a task only makes sense while everything before it went well."""
    return not task.is_teardown and task.trigger_rule == "all_success"


def _silent(_reason: str) -> None:
    """Before `install` there is no receiver."""
