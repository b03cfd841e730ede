"""Airflow as the night process meets it: its listener hooks, and the DAGs of the tree. Importing it is slow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow.dag_processing.dagbag import DagBag
from airflow.listeners import hookimpl
from airflow.sdk.execution_time.supervisor import in_process_api_server
from airflow.sdk.listener import get_listener_manager

if TYPE_CHECKING:
    from airflow.sdk import DAG

FOUNDATION = "apply_foundation"  # after it the raw bucket is there


class Narrates(Protocol):
    """Who is told what tasks do."""

    def running(self, task: Any) -> None: ...
    def ended(self, task: Any, state: str, error: object = None) -> None: ...
    def deliver(self) -> None: ...


class Listener:
    """Airflow's hooks, called in the process that runs the task; the names are Airflow's."""

    def __init__(self, narrator: Narrates) -> None:
        self._narrator = narrator

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """A task begins."""
        self._narrator.running(task_instance)

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        """A task succeeded; the next one has not begun."""
        self._narrator.ended(task_instance, "success")
        if task_instance.task_id == FOUNDATION:
            self._narrator.deliver()

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any, error: object) -> None:
        """A task failed, for good or to be tried again."""
        self._narrator.ended(task_instance, "failed", error)

    @hookimpl
    def on_task_instance_skipped(self, task_instance: Any) -> None:
        """A task skipped itself."""
        self._narrator.ended(task_instance, "skipped")


def dags(folder: Path, narrator: Narrates) -> dict[str, DAG]:
    """Every DAG below `folder`, with `narrator` listening. Raises RuntimeError when a file does not import."""
    get_listener_manager().add_listener(Listener(narrator))
    bag = DagBag(str(folder))
    if bag.import_errors:
        raise RuntimeError("\n".join(f"{file}: {error}" for file, error in bag.import_errors.items()))
    return dict(bag.dags)


def warm() -> None:
    """Build the API that Airflow's tasks talk to inside this process; the first task would wait four seconds for it."""
    _ = in_process_api_server().transport  # a property that builds it once
