"""Run by MWAA's Python: imports every DAG and plugin as its processor does, and prints what came of it as JSON.

It stands alone: the environment that it runs in has what MWAA installs, and nothing of this room.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

# What a compute target imports when it is first used, so that no DAG shows that it is missing.
LATER = ("kubernetes.client", "kubernetes.client.exceptions", "kubernetes.config")


def main() -> int:
    """The last line printed is the answer; the exit status says nothing of the DAGs."""
    warnings.simplefilter("always")
    logging.disable(logging.INFO)
    began = time.monotonic()
    from airflow import plugins_manager  # noqa: PLC0415 - how long it takes is part of the answer
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415

    ready = time.monotonic()
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    answer: dict[str, Any] = {
        "python": sys.version.split()[0],
        "airflow_seconds": round(ready - began, 2),
        "errors": {**bag.import_errors, **plugins_manager.get_import_errors(), **missing()},
        "warnings": {file: list(lines) for file, lines in bag.captured_warnings.items() if lines},
        "seconds": {Path(stat.file).name: stat.duration.total_seconds() for stat in bag.dagbag_stats},
        "dags": {dag_id: len(dag.tasks) for dag_id, dag in sorted(bag.dags.items())},
        "library": sys.modules["nightshift"].__file__,
        "pages": pages(),
    }
    print("\n" + json.dumps(answer))
    return 0


def pages() -> dict[str, int]:
    """What the apps of plugins answer when mounted: the status of one script of each, by its prefix."""
    from airflow.plugins_manager import get_fastapi_plugins  # noqa: PLC0415
    from starlette.testclient import TestClient  # noqa: PLC0415 - of Airflow's own requirements

    apps, _ = get_fastapi_plugins()
    return {app["url_prefix"]: TestClient(app["app"]).get("/nights.js").status_code for app in apps}


def missing() -> dict[str, str]:
    """Why each module of LATER cannot be imported, of those that cannot."""
    why = {}
    for name in LATER:
        try:
            importlib.import_module(name)
        except ImportError as refused:
            why[name] = str(refused)
    return why


if __name__ == "__main__":
    sys.exit(main())
