"""Sweeps a rig between two cells, by AWS's own calls: what one cell leaves must not decide the next."""

from contextlib import suppress
from typing import Any

import psutil
from botocore.exceptions import ClientError

from tests.chaos.facts import KEPT, LAKE, STATE, Facts, terraforms
from tests.rig import Rig
from tools.errors import StackError

ENDING = 240
RUNNING = ("queued", "running")


def sweep(rig: Rig) -> None:
    """End every run, then remove whatever is alive."""
    rig.mend()
    for dag in rig.api.dags():
        _end_runs(rig, dag)
    for process in terraforms(rig.env["AWS_ENDPOINT_URL"]):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _remove(Facts(rig))


def _end_runs(rig: Rig, dag: str) -> None:
    runs = rig.api.call("GET", f"/dags/{dag}/dagRuns?limit=100&order_by=-run_after")["dag_runs"]
    for run in (run["dag_run_id"] for run in runs if run["state"] in RUNNING):
        try:
            rig.api.mark_run(dag, run, "failed")
            rig.api.wait(dag, run, ENDING)
        except StackError:
            with suppress(StackError):  # Airflow deletes no run that is still running; the rest is swept all the same
                rig.api.call("DELETE", f"/dags/{dag}/dagRuns/{run}")


def _remove(facts: Facts) -> None:
    left = facts.alive()
    if clusters := left.get("clusters"):
        facts.emr.terminate_job_flows(JobFlowIds=clusters)
    facts.places.end()
    for key in facts.keys(STATE, ""):
        if key not in KEPT:
            facts.s3.delete_object(Bucket=STATE, Key=key)
    for prefix in ("staging/", "claims/", "open/"):
        for key in facts.keys(LAKE, prefix):
            facts.s3.delete_object(Bucket=LAKE, Key=key)
    for name in left.get("security configurations", []):
        facts.emr.delete_security_configuration(Name=name)
    _groups(facts.ec2, left.get("security groups", []))
    for name in left.get("key pairs", []):
        facts.ec2.delete_key_pair(KeyName=name)


def _groups(ec2: Any, ids: list[str]) -> None:
    """Groups that name each other in their rules go when the rules are gone."""
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": ids}]) if ids else {}
    for rule in rules.get("SecurityGroupRules", []):
        revoke = ec2.revoke_security_group_egress if rule["IsEgress"] else ec2.revoke_security_group_ingress
        with suppress(ClientError):
            revoke(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    for group in ids:
        with suppress(ClientError):
            ec2.delete_security_group(GroupId=group)
