"""Airflow inside the runner process: its listener hooks, and the DAGs of the tree. Importing it is slow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow.api_fastapi.execution_api import versions
from airflow.api_fastapi.execution_api.routes import execution_api_router
from airflow.dag_processing import dagbag
from airflow.dag_processing.dagbag import DagBag
from airflow.listeners import hookimpl
from airflow.sdk.api.datamodels._generated import API_VERSION
from airflow.sdk.execution_time.supervisor import in_process_api_server
from airflow.sdk.listener import get_listener_manager
from cadwyn import HeadVersion, Version, VersionBundle
from cadwyn.route_generation import _DELETED_ROUTE_TAG
from httpx import Client

if TYPE_CHECKING:
    from airflow.sdk import DAG

FOUNDATION = "apply_foundation"  # after it the raw bucket is there


class TaskEvents(Protocol):
    """The receiver of the tasks' events."""

    def running(self, task: Any) -> None: ...
    def ended(self, task: Any, state: str, error: object = None) -> None: ...
    def deliver(self) -> None: ...


class Listener:
    """Airflow's hooks, called in the process that runs the task; the names are Airflow's."""

    def __init__(self, narrator: TaskEvents) -> None:
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


def dags(folder: Path, narrator: TaskEvents) -> dict[str, DAG]:
    """Every DAG below `folder`, with `narrator` listening. Files that do not import are named on standard error; raises
    RuntimeError if they leave no DAG."""
    get_listener_manager().add_listener(Listener(narrator))
    bag = DagBag(str(folder), bundle_path=folder)
    errors = "\n".join(f"{folder / file}: {error}" for file, error in bag.import_errors.items())
    if errors and not bag.dags:
        raise RuntimeError(errors)
    if errors:
        print(errors, file=sys.stderr)
    return dict(bag.dags)


def write_only(dag: DAG) -> None:
    """Let `dag.test` write this DAG alone, as it was read, into Airflow's database.

    Before each run it would read the whole folder and write all DAGs, because one may trigger another
    (apache/airflow#64884); here none does.
    """

    def bag(dag_folder: Path, bundle_path: Path, bundle_name: str) -> DagBag:
        made = DagBag(dag_folder, collect_dags=False, bundle_path=bundle_path, bundle_name=bundle_name)
        made.dags[dag.dag_id] = dag
        return made

    vars(dagbag)["BundleDagBag"] = bag


def warm() -> None:
    """Build the API that Airflow's tasks talk to inside this process; the first task would wait seconds for it.

    Airflow serves workers of every version that it knows, and making nine versions of its routes takes most of that
    time. The tasks here are of this very Airflow: they use the newest version, so only that one is built.
    """
    versions.bundle = VersionBundle(HeadVersion(), Version(API_VERSION))
    routes = execution_api_router.routes  # without those of older versions, which have no handler here
    routes[:] = [route for route in routes if _DELETED_ROUTE_TAG not in getattr(route, "tags", ())]
    # The routes are built at the first request, whichever it is.
    Client(transport=in_process_api_server().transport, base_url="http://in-process").get("/health/ping")
