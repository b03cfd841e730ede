"""Validation that EMR does before it creates a cluster or a step. Limits are the API reference's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from localcloud.emr.errors import Invalid, InvalidRequest
from localcloud.emr.model import ACTIVE_STEPS, CLOSING, Cluster, Json, StepState
from localcloud.emr.store import Region

MAX_STEPS = 256
_ACTIONS = ("CONTINUE", "CANCEL_AND_WAIT", "TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW")
_RELEASE = re.compile(r"emr-(spark-)?\d+\.\d+\.\d+(-[a-z0-9]+)?")
_STEP_TEXT_LIMIT = 10240


def run_job_flow(params: Json, region: Region) -> None:
    """Raise Invalid or InvalidRequest for a RunJobFlow request that EMR refuses."""
    if re.search(r"[<>$|`]", params["Name"]):
        raise Invalid("Name may not contain any of the characters <, >, $, | or `.")
    _release(params)
    _roles(params)
    _pools(params["Instances"])
    step_concurrency(params.get("StepConcurrencyLevel") or 1)
    if policy := params.get("AutoTerminationPolicy"):
        idle_timeout(policy.get("IdleTimeout"))
    _steps(params.get("Steps") or [], params.get("StepConcurrencyLevel") or 1)
    name = params.get("SecurityConfiguration")
    if name and name not in region.security_configurations:
        raise InvalidRequest(f"Security configuration with name '{name}' does not exist.")


def new_steps(cluster: Cluster, steps: list[Json]) -> None:
    """Raise Invalid when these steps cannot be added to the cluster in its present state."""
    if cluster.state in CLOSING:
        raise Invalid("A job flow that is shutting down, terminating, or finished may not be modified.")
    # EMR counts unfinished steps only: a long-lived cluster runs more than 256 over time.
    unfinished = cluster.steps_in(StepState.PENDING, *ACTIVE_STEPS)
    if len(unfinished) + len(steps) > MAX_STEPS:
        raise Invalid(f"Maximum number of steps ({MAX_STEPS}) that may be active in a job flow is exceeded.")
    _steps(steps, cluster.step_concurrency)


def step_concurrency(level: Any) -> None:
    if not 1 <= level <= 256:
        raise Invalid("The step concurrency level must be between 1 and 256.")


def idle_timeout(seconds: Any) -> None:
    if seconds is not None and not 60 <= seconds <= 604800:
        raise Invalid("The IdleTimeout of an auto-termination policy must be between 60 and 604800 seconds.")


def _release(params: Json) -> None:
    label = params.get("ReleaseLabel")
    if label is not None and not _RELEASE.fullmatch(label):
        raise Invalid(f"The supplied release label is invalid: {label}.")


def _roles(params: Json) -> None:
    if not params.get("ServiceRole"):
        raise Invalid("ServiceRole is required for creating cluster.")
    if not params.get("JobFlowRole"):
        raise Invalid("InstanceProfile is required for creating cluster.")


def _pools(instances: Json) -> None:
    if instances.get("InstanceFleets") and instances.get("InstanceGroups"):
        raise Invalid("Instance fleets and instance groups are mutually exclusive: specify one of them.")
    if len(instances.get("Ec2SubnetIds") or []) > 1 and not instances.get("InstanceFleets"):
        raise Invalid("Multiple subnets are supported for clusters that use instance fleets only.")
    for pool in instances.get("InstanceGroups") or []:
        _present(pool, ("InstanceRole", "InstanceType", "InstanceCount"), "An instance group")
    for pool in instances.get("InstanceFleets") or []:
        _present(pool, ("InstanceFleetType",), "An instance fleet")
        _capacity(pool)
    masters = [pool for pool in _roles_of(instances) if pool == "MASTER"]
    if len(masters) != 1:
        raise Invalid(f"A job flow needs exactly one MASTER instance group or fleet, and has {len(masters)}.")


def _capacity(fleet: Json) -> None:
    if not (fleet.get("TargetOnDemandCapacity") or fleet.get("TargetSpotCapacity")):
        raise Invalid(f"The {fleet['InstanceFleetType']} instance fleet needs a target capacity above zero.")


def _roles_of(instances: Json) -> Iterable[str]:
    if instances.get("InstanceFleets"):
        return [fleet["InstanceFleetType"] for fleet in instances["InstanceFleets"]]
    if instances.get("InstanceGroups"):
        return [group["InstanceRole"] for group in instances["InstanceGroups"]]
    return ["MASTER"]


def _steps(steps: list[Json], concurrency: int) -> None:
    if len(steps) > MAX_STEPS:
        raise Invalid(f"Maximum number of steps ({MAX_STEPS}) that may be active in a job flow is exceeded.")
    for step in steps:
        _present(step, ("Name", "HadoopJarStep"), "A step")
        _present(step["HadoopJarStep"], ("Jar",), "The HadoopJarStep of a step")
        _action(step.get("ActionOnFailure", "TERMINATE_CLUSTER"), concurrency)
        program = step["HadoopJarStep"]
        if len(program["Jar"]) + sum(map(len, program.get("Args") or [])) > _STEP_TEXT_LIMIT:
            raise Invalid(f"The text of a step exceeds {_STEP_TEXT_LIMIT} characters.")


def _action(action: str, concurrency: int) -> None:
    if action not in _ACTIONS:
        raise Invalid(f"ActionOnFailure '{action}' is not one of {', '.join(_ACTIONS)}.")
    if concurrency > 1 and action != "CONTINUE":
        raise Invalid(
            f"ActionOnFailure '{action}' is not valid: it must be CONTINUE when the step concurrency level "
            "is greater than 1."
        )


def _present(value: Json, names: tuple[str, ...], subject: str) -> None:
    for name in names:
        if name not in value:
            raise Invalid(f"{subject} needs {name}.")
