"""Links of the tasks in Airflow's UI. Each is relative to the UI, whose plugin serves it: it opens where that does.

Airflow stores a link as XCom when the task has ended, however it ended (airflow.sdk, task_runner.finalize).
"""

from __future__ import annotations

from typing import Any

import attrs
from airflow.sdk import BaseOperatorLink

from nightshift.run import links


@attrs.define
class PluginLink(BaseOperatorLink):
    """A link to what plugins/nightshift_ui.py serves for the task's run under `page`."""

    title: str
    page: str

    @property
    def name(self) -> str:
        return self.title

    @property
    def xcom_key(self) -> str:
        return f"nightshift_link_{self.page}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return links.in_airflow(self.page, dag_id=ti_key.dag_id, run_id=ti_key.run_id, task_id=ti_key.task_id)


@attrs.define
class RunTabLink(PluginLink):
    """A link to the tab of the run with its page."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return links.run_tab(ti_key.dag_id, ti_key.run_id)


COMPUTE = PluginLink("Compute", "compute")
STEP_LOG = PluginLink("Step log", "log")
RECORD = PluginLink("Record", "record")
GOLD = PluginLink("Gold", "gold")
PAGE = RunTabLink("Page", "page")
