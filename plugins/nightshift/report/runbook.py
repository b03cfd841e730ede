"""A pipeline's page in Airflow's UI: its runbook, with the advice that is common to all, and its contract."""

from __future__ import annotations

from nightshift.pipelines.registry import Package
from nightshift.report import product_page

FAILURES = """\
**When a run fails** in Airflow, open the first failed task from the left; its last line says what was attempted, what
came back and what to do next. The log of `report` has the whole result, and so does `record.json` under
`runs/{name}/` in the lake.

| failed task | check first |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's error in the task's log |
| start_compute, wait_for_compute | the service's reason in its message; what it tried in its log |
| job_… | the step's stderr, whose last lines are in the task's log |
| stop_compute, destroy_transient, prove_nothing_left | **what still costs money**; delete by hand what is left |"""


def page(package: Package) -> str:
    """The page in Markdown. Rows of a table that follow {failures} in the runbook are the pipeline's own."""
    failures = FAILURES.replace("{name}", package.pipeline.name)
    return f"{package.runbook.replace('{failures}', failures)}\n\n{product_page.page(package.pipeline)}"
