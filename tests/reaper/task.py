"""One task of a run in a process of its own: `task.py apply|destroy <identity> <foundation's outputs>`."""

import json
import sys
from types import SimpleNamespace

from nightshift import config
from nightshift.operators.terraform import ApplyTransientOperator, DestroyTransientOperator
from nightshift.state import known_runs

OPERATORS = {"apply": ApplyTransientOperator, "destroy": DestroyTransientOperator}


def play(verb, night, ground):
    """Execute the task; gives what it returns."""
    ti = SimpleNamespace(try_number=1, xcom_pull=lambda task_ids: ground if task_ids == "apply_foundation" else None)
    run = SimpleNamespace(run_id=night.run_id, run_after=night.requested_at, start_date=night.started_at)
    task = OPERATORS[verb](task_id=f"{verb}_transient", pipeline=night.pipeline, settings=night.settings)
    return task.execute({"ti": ti, "dag_run": run, "params": {"ssh_cidr": night.ssh_cidr}})


if __name__ == "__main__":
    play(sys.argv[1], known_runs.from_marker(config.load(), json.loads(sys.argv[2])), json.loads(sys.argv[3]))
