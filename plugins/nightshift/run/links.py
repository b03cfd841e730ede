"""Links of a run: S3 addresses or the files that are kept on disk, and what the plugin serves in Airflow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from nightshift.run.run_context import RunContext


def record(night: RunContext) -> str:
    """The address of the run record, which report or the reaper writes; that of its copy where runs are kept."""
    return f"{_folder(night)}/record.json" if night.settings.kept_dir else record_uri(night)


def record_uri(night: RunContext) -> str:
    """The address of the run record in S3."""
    return night.uri("lake", f"{night.record_prefix}record.json")


def there(night: RunContext, links: Mapping[str, str], job: str = "") -> dict[str, str]:
    """A compute target's links, as far as they open: where runs are kept, the copy of a job's logs alone."""
    if not night.settings.kept_dir:
        return dict(links)
    return {"step_log": f"{_folder(night)}/logs/{job}/"} if job else {}


def _folder(night: RunContext) -> str:
    return f"{night.settings.kept_dir}/{night.run}"


def page(night: RunContext) -> str:
    """The address of the run's page, which the same writes."""
    return night.uri("lake", f"{night.record_prefix}index.html")


JOB_KEY = "nightshift_job"  # XCom of a waiting task: the job that it waited for, {"target", "place_id", "job_id"}


def in_airflow(page: str, **query: str) -> str:
    """The address of what this project's plugin serves in Airflow's web server (plugins/nightshift_ui.py). It is
    relative to the UI's base address, so that it opens wherever the UI does."""
    return f"nightshift/{page}?{urlencode(query)}"


def dag_page(dag_id: str) -> str:
    """The address of a DAG's page in Airflow, relative like the others."""
    return f"dags/{quote(dag_id, safe='')}"


def run_page(dag_id: str, run_id: str) -> str:
    """The address of a run's page in Airflow."""
    return f"{dag_page(dag_id)}/runs/{quote(run_id, safe='')}"


def run_tab(dag_id: str, run_id: str) -> str:
    """The address of the tab that the plugin adds to a run."""
    return f"{run_page(dag_id, run_id)}/plugin/nightshift_run"
