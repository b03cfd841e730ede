"""What a good night of MrHealth leaves to be found: entries, manifests, steps, cluster."""

from datetime import UTC, datetime, timedelta

from nightshift.compute.emr.target import STATES
from nightshift.compute.target import SubmittedJob

NOW = datetime(2026, 1, 5, 3, 20, tzinfo=UTC)
TASKS = ("preflight", "job_bronze", "job_silver", "job_gold", "publish", "stop_compute", "prove_nothing_left")
CLUSTER = {
    "Id": "j-1",
    "Name": "n",
    "LogUri": "s3n://acme-night-logs/emr/",
    "Status": {"State": "TERMINATED", "Timeline": {"CreationDateTime": NOW - timedelta(hours=1), "EndDateTime": NOW}},
}
LAWFUL = {"rows_in": 29, "accepted": 27, "quarantined": 1, "duplicates": 1, "reasons": {"bad": 1}, "lost": 1}


def entry(task, phase, **facts):
    return {"at": NOW.isoformat(), "task": task, "phase": phase, **facts}


PROOF = entry("prove_nothing_left", "end", alive=[], checked=["clusters"])
GOOD = [entry(task, phase) for task in TASKS[:-1] for phase in ("begin", "end")]


def manifests(pipeline):
    """Of each layer what the contract asks for."""
    tables = [{"table": "orders", **LAWFUL}]
    gold = [
        {"table": t.name, "path": "s3://", "rows": 3, "schema": t.types, "null_keys": 0, "duplicate_keys": 0}
        for t in pipeline.gold
    ]
    first = {"layer": "bronze", "business_date": "2026-01-04", "tables": tables, "gold": []}
    rest = {"rows_in": 27, "accepted": 27, "quarantined": 0, "duplicates": 0, "reasons": {}, "lost": 0}
    silver = {**first, "layer": "silver", "tables": [{"table": "orders", **rest}]}
    return [first, silver, {**silver, "layer": "gold", "gold": gold}]


def jobs(*states, names=("bronze", "silver", "gold")):
    """The jobs of those names, with EMR's words for their states."""
    return [SubmittedJob(f"s-{n}", n, STATES[s], s) for n, s in zip(names, states, strict=False)]


def steps(*states, names=("bronze", "silver", "gold")):
    return [
        {"Id": f"s-{n}", "Name": n, "Status": {"State": s, "Timeline": {}}} for n, s in zip(names, states, strict=False)
    ]
