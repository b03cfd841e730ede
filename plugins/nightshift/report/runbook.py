"""The runbook: what each failed task means and each cause calls for, as tables for docs/operator.md, and the pages of
the pipelines' DAGs in Airflow's UI. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nightshift.failures.causes import REMEDIES, Cause
from nightshift.pipelines.registry import Package
from nightshift.report import product_page
from nightshift.run import task_texts
from nightshift.run.tasks import Task

JOB = "job_…"
RED: dict[str, str] = {
    Task.PREFLIGHT: "A parameter, a credential, a tool, the state bucket or the price is refused. Nothing was started.",
    Task.HOLD_COST: "A person refused the night, or nobody answered: its estimate is over NIGHTSHIFT_HOLD_OVER_USD.",
    Task.OPEN_STATE: "terraform's state of this run cannot be opened: its bucket, or the rights on it.",
    Task.APPLY_FOUNDATION: "terraform's error, or a foundation that differs from its files: its owner applies it.",
    Task.APPLY_TRANSIENT: "terraform's error about this run's own security groups and keys. What was made is removed.",
    Task.PUBLISH_JOBS: "The jobs could not be uploaded, or a JDBC driver does not match its SHA256SUMS.",
    Task.CLAIM_DATE: "Another run holds the business date: the message names it.",
    Task.CLAIM_DAYS: "A backfill's dates could not be claimed; a date that a live run holds is left to that run.",
    Task.INGEST: "The API or the database did not give its data: its secret, its answer. Files in S3 stay.",
    Task.STOP_HOST: "The ingestion host could not be stopped. It ends itself; until then it costs money.",
    Task.WAIT_FOR_INPUTS: "Nothing was delivered in the folder that the message names, or files kept coming.",
    Task.CHECK_INPUTS: "What was delivered is not the product's: columns, kind of file, encoding, another database; or "
    "the database refused the login.",
    Task.START_COMPUTE: "The service refused the cluster: rights, quotas, parameters.",
    Task.WAIT_FOR_COMPUTE: "No capacity anywhere, a bootstrap action that fails, or a start that takes too long.",
    Task.SUBMIT_JOBS: "The cluster ended, or does not take the steps.",
    JOB: "The step failed: its error, line of code and the end of its log are in the report.",
    Task.WAIT_FOR_DAYS: "No day of a backfill was made, or its cluster ended.",
    Task.AUDIT: "Staged gold breaks its contract. What was published before stays; the rows are in `quarantine/`.",
    Task.HOLD_GOLD: "A person refused gold, or nobody answered: too many rows were quarantined (NIGHTSHIFT_HOLD_*).",
    Task.PUBLISH: "Gold could not be swapped in completely. It may run again; a backfill names the days not made.",
    Task.STOP_COMPUTE: "**The cluster may still cost money.** `./nightshift reap --aws`, then the EMR console.",
    Task.DESTROY_TRANSIENT: "**Resources of the run are left.** The reaper tries again; the report names them.",
    Task.PROVE_NOTHING_LEFT: "**Something is alive that should not be.** Delete by hand what the reaper cannot.",
    Task.REPORT: "Record or message could not be written; the outcome stays open until the reaper reports it.",
    Task.OUTCOME: "It only repeats the failure that is to be fixed: go to the task that it names.",
}

OF_BACKFILLS, FETCHING = {Task.CLAIM_DAYS, Task.WAIT_FOR_DAYS}, {Task.INGEST, Task.STOP_HOST}
FAILURES = """\
**When a run fails** in Airflow, open the first failed task from the grid's top: its log ends with the failure report,
with cause, error, line of code and what to do next. The log of `report` has the whole result, and so does
`record.json` under `runs/{name}/` in the lake.

"""


def page(package: Package) -> str:
    """A pipeline's page in Markdown: its runbook.md, with the advice that is common to all, and its contract. Rows of a
    table that follow {failures} in the runbook are the pipeline's own."""
    absent = OF_BACKFILLS if package.pipeline.routes else OF_BACKFILLS | FETCHING
    common = FAILURES.replace("{name}", package.pipeline.name) + tasks_table(task for task in RED if task not in absent)
    return f"{package.runbook.replace('{failures}', common)}\n\n{product_page.page(package.pipeline)}"


def tasks_table(tasks: Iterable[str]) -> str:
    """What a red task means, for these tasks of a DAG."""
    shown = dict.fromkeys(JOB if task not in RED else task for task in tasks)
    return _table(("failed task", "what it means, what to check first"), ((f"`{task}`", RED[task]) for task in shown))


def titled_tasks_table() -> str:
    """What each red task means, with its title in Airflow's UI, in English and Portuguese."""
    rows = (
        (f"`{task}`", f"{task_texts.title(task, 'en')} · {task_texts.title(task, task_texts.PORTUGUESE)}", meaning)
        for task, meaning in RED.items()
    )
    return _table(("failed task", "in Airflow", "what it means, what to check first"), rows)


def causes_table() -> str:
    """What each cause calls for, and whether Airflow has tried again by itself."""
    rows = ((f"`{cause}`", "yes" if REMEDIES[cause].retry else "no", REMEDIES[cause].next_action) for cause in Cause)
    return _table(("cause", "retried", "what to do"), rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(header, rows))


def _lines(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
