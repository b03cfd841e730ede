"""Links of the tasks in Airflow's UI. Each is relative to the UI, whose plugin serves it: it opens where that does.

Airflow stores a link as XCom when the task has ended, however it ended (airflow.sdk, task_runner.finalize).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from airflow.sdk import BaseOperatorLink

from nightshift.run import links
from nightshift.run.task_texts import Text


@attrs.define
class PluginLink(BaseOperatorLink):
    """A link to what plugins/nightshift_ui.py serves for the task's run under `page`."""

    title: Text
    page: str
    language: str = "en"

    @property
    def name(self) -> str:
        return self.title.of(self.language)

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


def spoken(some: Iterable[PluginLink], language: str) -> tuple[PluginLink, ...]:
    """The links with their names in a language of config.LANGUAGES."""
    return tuple(attrs.evolve(link, language=language) for link in some)


COMPUTE = PluginLink(Text("Compute", "Processamento"), "compute")
STEP_LOG = PluginLink(Text("Step log", "Log do passo"), "log")
RECORD = PluginLink(Text("Record", "Registro"), "record")
GOLD = PluginLink(Text("Gold", "Gold"), "gold")
PAGE = RunTabLink(Text("Page", "Página"), "page")
