"""EMR requests: builds the RunJobFlow body and the steps from a night and the stacks' outputs. No call to AWS.

The shapes are those of boto3's run_job_flow and add_job_flow_steps. Source: the EMR API reference; the figures are in
docs/decisions/0004-cluster-shape.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nightshift.compute import cost, cost_limit, flink, instances, source_role
from nightshift.compute.instances import Table
from nightshift.compute.jobs import Command, Job
from nightshift.config import Settings
from nightshift.run.run_context import RunContext

APPLICATIONS = {"spark": ("Hadoop", "Spark"), "flink": ("Flink", "Hadoop")}
ATTEMPTS = (
    "as asked for",
    "in other zones if there are any, with the spare types too",
    "in any zone, with every type, On-Demand only",
)
LIMIT_SECONDS = "nightshift:limit_seconds"  # tag of a cluster whose time limit is that of its dollars
LAST_ATTEMPT = len(ATTEMPTS) - 1  # attempts count from 0


def job_flow(
    night: RunContext,
    foundation: Mapping[str, Any],
    transient: Mapping[str, Any],
    attempt: int = 0,
    *,
    jobs_uri: str,
    avoid: Collection[str] = (),
    spent: float = 0.0,
) -> dict[str, Any]:
    """The body of RunJobFlow: fleets over the subnets, logs, roles, encryption, tags and the two limits.

    The cluster stays alive without steps because a task of its own submits them. The teardown ends it; the idle limit
    and the time limit, which are always set, are the fallback. `attempt` is the number of clusters of this try that got
    no capacity, at most LAST_ATTEMPT, `avoid` their subnets; `jobs_uri` is the prefix of the published jobs. Where the
    dollars that are left after `spent` end before the time, the first limit is theirs, and two tags say so. Raises
    ComputeError if none are left.
    """
    settings, seconds = night.settings, limit_seconds(night, attempt, spent)
    is_bounded = seconds < night.limit_minutes * 60
    bounded = {cost_limit.TAG: f"{night.dollar_limit or 0:.2f}", LIMIT_SECONDS: str(seconds)} if is_bounded else {}
    return {
        "Name": night.place_name,
        "ReleaseLabel": settings.release_label,
        "Applications": [{"Name": name} for name in APPLICATIONS[night.engine]],
        "LogUri": night.uri("logs", "emr/"),
        "ServiceRole": foundation["emr_service_role_arn"],
        "JobFlowRole": instance_profile(night, foundation),
        "SecurityConfiguration": transient["security_configuration"],
        "Instances": {
            "InstanceFleets": fleets(night, attempt),
            "Ec2SubnetIds": subnets(foundation["subnet_ids"], attempt, avoid),
            **_instances(transient),
        },
        "BootstrapActions": actions(night, jobs_uri, seconds),
        "Configurations": _configurations(settings) if night.engine == "spark" else [],
        "StepConcurrencyLevel": 1,
        "AutoTerminationPolicy": {"IdleTimeout": settings.idle_timeout_seconds},
        "ScaleDownBehavior": "TERMINATE_AT_TASK_COMPLETION",
        "VisibleToAllUsers": True,
        "Tags": [{"Key": key, "Value": value} for key, value in (night.tags | bounded).items()],
    }


def instance_profile(night: RunContext, foundation: Mapping[str, Any]) -> str:
    """The instance profile of the nodes. Raises ComputeError."""
    return source_role.role(night, foundation, "emr_instance_profile_arn", "emr_source_profile_arns")


def step(job: Job, *, independent: bool = False) -> dict[str, Any]:
    """The step dict of one job. If it fails, EMR cancels the later ones, unless they are `independent`."""
    return {
        "Name": job.name,
        "ActionOnFailure": "CONTINUE" if independent else "CANCEL_AND_WAIT",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": command(job)},
    }


def shared_step(run: RunContext, job: Job, limit_minutes: float | None) -> dict[str, Any]:
    """The step of one job on a cluster that other runs use too: named by its run, and without effect on other steps if
    it fails. `limit_minutes`: what its run's dollars buy, after which coreutils' timeout ends it; None: no limit."""
    limit = ("timeout", f"{limit_minutes * 60:.0f}") if limit_minutes is not None else ()
    body = step(job, independent=True)
    jar = {**body["HadoopJarStep"], "Args": [*limit, *body["HadoopJarStep"]["Args"]]}
    return {**body, "Name": f"{run.run} {job.name}", "HadoopJarStep": jar}


def command(job: Job) -> list[str]:
    """The job's command line. Client mode, so that the driver's traceback is in the step's own stderr."""
    if isinstance(job, Command):
        return [*job.command]
    return [
        "spark-submit",
        *("--deploy-mode", "client"),
        *("--name", job.app),
        *(("--jars", ",".join(job.jars)) if job.jars else ()),
        *("--py-files", ",".join(job.py_files)),
        *(word for name, value in job.conf.items() for word in ("--conf", f"{name}={value}")),
        job.entry,
        *job.arguments,
    ]


def limit_seconds(night: RunContext, attempt: int = 0, spent: float = 0.0) -> int:
    """The cluster's time limit from its bootstrap on: the settings', or what the run's dollars buy beyond start-up."""
    table, most = instances.of(night.settings), night.limit_minutes
    if night.dollar_limit is not None:
        left = night.dollar_limit - spent
        bought = cost.minutes_within(left, lambda m: cost.estimate(fleets(night, attempt), m, table))
        if bought <= 0:
            raise cost_limit.used_up(night.run, night.dollar_limit, spent)
        most = min(most, bought)
    return max(1, round(most * 60))


def actions(night: RunContext, jobs_uri: str, seconds: int) -> list[dict[str, Any]]:
    """The bootstrap actions: the time limit first, then what the engine needs."""
    own = [python_action(night, jobs_uri)] if night.engine == "flink" else []
    return [time_limit(night, jobs_uri, seconds), *own]


def time_limit(night: RunContext, jobs_uri: str, seconds: int) -> dict[str, Any]:
    """The bootstrap action that ends the cluster at its time limit; AutoTerminationPolicy covers idleness only."""
    script = {"Path": f"{jobs_uri}time_limit.sh", "Args": [str(seconds), night.settings.region]}
    return {"Name": "time limit", "ScriptBootstrapAction": script}


def python_action(night: RunContext, jobs_uri: str) -> dict[str, Any]:
    """The bootstrap action that installs the Flink jobs' Python on every node."""
    wheels = night.uri("artifacts", "flink/wheels/")
    arguments = [night.settings.cluster_python, f"{jobs_uri}flink_requirements.txt", flink.PYTHON_HOME, wheels]
    return {
        "Name": "Flink's Python",
        "ScriptBootstrapAction": {"Path": f"{jobs_uri}flink_python.sh", "Args": arguments},
    }


def subnets(every: Sequence[str], attempt: int, avoid: Collection[str]) -> list[str]:
    """The subnets of an attempt: first all, then those without a failed cluster of this try if any, then all again."""
    others = [subnet for subnet in every if subnet not in avoid]
    return others if attempt == 1 and others else list(every)


def _instances(transient: Mapping[str, Any]) -> dict[str, Any]:
    instances = {
        "EmrManagedMasterSecurityGroup": transient["master_security_group_id"],
        "EmrManagedSlaveSecurityGroup": transient["worker_security_group_id"],
        "ServiceAccessSecurityGroup": transient["service_security_group_id"],
        "KeepJobFlowAliveWhenNoSteps": True,
        "TerminationProtected": False,
    }
    key_name = transient.get("key_name")
    return {**instances, "Ec2KeyName": key_name} if key_name else instances


def fleets(night: RunContext, attempt: int = 0) -> list[dict[str, Any]]:
    """The instance fleets: primary and core On-Demand (core has HDFS), task on Spot with fallback to On-Demand.

    Capacity and weights are in vCPU, so that a replacement by other types has as many. From the second attempt on they
    include the spare types, and from the third on nothing is Spot. Raises PreflightError for an unknown type.
    """
    settings, table = night.settings, instances.of(night.settings)
    market = "spot" if attempt < LAST_ATTEMPT else "on_demand"

    def types(own: tuple[str, ...]) -> tuple[str, ...]:
        """A fleet's own types, and from the second attempt on the spares too."""
        return (*own, *(settings.spare_types or table.spares(own))) if attempt else own

    every = [
        _fleet("MASTER", types(settings.primary_types), None, on_demand=1),
        _fleet("CORE", types(settings.core_types), table, on_demand=settings.core_units),
        _fleet("TASK", types(settings.task_types), table, **{market: settings.task_units}),
    ]
    for fleet in every:
        fleet["LaunchSpecifications"] = _launch(fleet, settings.spot_timeout_minutes)
    return [fleet for fleet in every if fleet["TargetOnDemandCapacity"] + fleet["TargetSpotCapacity"]]


def _fleet(role: str, types: Sequence[str], table: Table | None, on_demand: int = 0, spot: int = 0) -> dict[str, Any]:
    """A fleet of `on_demand` or `spot` nodes of the first of `types`, or as many vCPU of the others. Without a table a
    node counts 1, as EMR demands of a primary fleet."""
    weights = {kind: table.type(kind).vcpu if table else 1 for kind in types}
    return {
        "Name": role.lower(),
        "InstanceFleetType": role,
        "TargetOnDemandCapacity": on_demand * weights[types[0]],
        "TargetSpotCapacity": spot * weights[types[0]],
        "InstanceTypeConfigs": [{"InstanceType": kind, "WeightedCapacity": weight} for kind, weight in weights.items()],
    }


def _launch(fleet: Mapping[str, Any], timeout_minutes: int) -> dict[str, Any]:
    if not fleet["TargetSpotCapacity"]:
        return {"OnDemandSpecification": {"AllocationStrategy": "lowest-price"}}
    return {
        "SpotSpecification": {
            "TimeoutDurationMinutes": timeout_minutes,
            "TimeoutAction": "SWITCH_TO_ON_DEMAND",
            "AllocationStrategy": "price-capacity-optimized",
        }
    }


def _configurations(settings: Settings) -> list[dict[str, Any]]:
    """EMR configurations: the same newer Python for driver and executors, since the release's default is 3.9, and the
    region for the AWS CLI with which a driver reads its secret."""
    python = settings.cluster_python
    told = {"PYSPARK_PYTHON": python, "AWS_DEFAULT_REGION": settings.region}
    export = {"Classification": "export", "Properties": told}
    return [
        {"Classification": "spark-env", "Properties": {}, "Configurations": [export]},
        {
            "Classification": "spark-defaults",
            "Properties": {"spark.pyspark.python": python, "spark.sql.session.timeZone": "UTC"},
        },
    ]
