"""Airflow's cluster policy on the chaos rig, copied there as airflow_local_settings.py: holds a task where a cell says.

A cell orders a hold by a file <dag>.<task>.<moment>.order in $CHAOS_HOLDS. The first process that comes to the moment
takes it (a rename, so one wins), writes who it is, and waits while the file it made is there. Moments:

begin   before the act; told, not held: the cell looks for its moment by itself
between inside publish: a table is swapped in and not yet registered, the next one not yet swapped
after   the act is done and in the ledger, Airflow does not know it yet
"""

import functools
import json
import os
import time
from pathlib import Path

LONGEST = 600  # seconds; a hold that nobody ends is a cell that died

__all__ = ["task_policy"]

# Every task is a fork of the scheduler: what is imported here is not imported eighteen times a night, and AWS's
# description of its API is parsed once, but for S3's, which botocore changes when it makes a client.
import boto3  # noqa: E402
from botocore.loaders import JSONFileLoader  # noqa: E402

import nightshift.dag_factory  # noqa: E402, F401

_read = JSONFileLoader().load_file
_read_once = functools.cache(_read)
JSONFileLoader.load_file = lambda _self, path: (_read if "/s3" in path else _read_once)(path)
for _service in ("ec2", "emr", "glue", "secretsmanager", "sns", "sts"):
    boto3.client(_service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


def task_policy(task):
    task._pre_execute_hook = _begins
    task._post_execute_hook = _has_acted


def _begins(context):
    ti = context["ti"]
    if (held := _take(ti, "begin")) is not None:
        held.rename(held.with_suffix(".told"))
    if ti.task_id == "publish":
        _hold_between(ti)


def _has_acted(context, result=None):
    _hold(context["ti"], "after")


def _hold_between(ti):
    from nightshift.lake.catalog import CatalogHook  # noqa: PLC0415 - not while Airflow reads its settings

    register = CatalogHook.register

    def held(self, table, days):
        _hold(ti, "between")
        register(self, table, days)

    CatalogHook.register = held


def _hold(ti, moment):
    held = _take(ti, moment)
    deadline = time.monotonic() + LONGEST
    while held is not None and held.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _take(ti, moment):
    order = Path(os.environ["CHAOS_HOLDS"]) / f"{ti.dag_id}.{ti.task_id}.{moment}.order"
    taken = order.with_suffix(f".{os.getpid()}")
    try:
        order.rename(taken)
    except FileNotFoundError:
        return None
    taken.write_text(json.dumps({"pid": os.getpid(), "run_id": ti.run_id, "try": ti.try_number}))
    return taken.rename(order.with_suffix(".held"))
