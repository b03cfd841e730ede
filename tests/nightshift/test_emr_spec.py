"""What EMR is asked for."""

import re
from dataclasses import replace

import boto3
import pytest
from botocore.validate import ParamValidator

from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.compute.emr import spec
from nightshift.config import INCLUDE, Settings
from nightshift.contracts.pipeline import backfill_of
from nightshift.failures.errors import ComputeError, PreflightError
from nightshift.infrastructure import stacks
from nightshift.run.run_context import RunContext, from_run
from tests.nightshift.conftest import ASKED_AT, RUN_ID
from tests.nightshift.emr import emr_steps, spark_submit

FOUNDATION = {
    "subnet_ids": ["subnet-a", "subnet-b"],
    "emr_service_role_arn": "arn:aws:iam::123456789012:role/service",
    "emr_instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/nodes",
    "emr_source_profile_arns": {"mrhealth_sales": "arn:aws:iam::123456789012:instance-profile/nodes-mrhealth_sales"},
}
TRANSIENT = {
    "security_configuration": "conf",
    "master_security_group_id": "sg-1",
    "worker_security_group_id": "sg-2",
    "service_security_group_id": "sg-3",
    "key_name": None,
}


JOBS = "s3://acme-night-artifacts/jobs/abc/"


def job_flow(night: RunContext, transient: dict = TRANSIENT, attempt: int = 0, avoid: tuple[str, ...] = ()) -> dict:
    return spec.job_flow(night, FOUNDATION, transient, attempt, jobs_uri=JOBS, avoid=avoid)


def refused_by_botocore(operation: str, body: dict) -> str:
    model = boto3.client("emr", region_name="us-east-1").meta.service_model.operation_model(operation)
    return ParamValidator().validate(body, model.input_shape).generate_report()


def test_both_bodies_have_the_shape_that_emrs_own_model_asks_for(night):
    assert refused_by_botocore("RunJobFlow", job_flow(night)) == ""
    steps = emr_steps(night, "s3://jobs/")
    assert refused_by_botocore("AddJobFlowSteps", {"JobFlowId": "j-1", "Steps": steps}) == ""


def test_a_cluster_always_ends_itself_when_idle(night):
    body = job_flow(night)
    assert body["AutoTerminationPolicy"] == {"IdleTimeout": 900}
    assert body["Instances"]["TerminationProtected"] is False


def test_a_cluster_always_ends_itself_after_its_limit_even_if_it_is_not_idle(night):
    (action,) = job_flow(night)["BootstrapActions"]
    script = action["ScriptBootstrapAction"]
    assert script == {"Path": f"{JOBS}time_limit.sh", "Args": ["21600", "us-east-1"]}


def types(job_flow: dict) -> list[set[str]]:
    fleets = job_flow["Instances"]["InstanceFleets"]
    return [{config["InstanceType"] for config in fleet["InstanceTypeConfigs"]} for fleet in fleets]


def test_a_second_attempt_goes_elsewhere_and_takes_spare_types_too(night):
    first, second = job_flow(night), job_flow(night, attempt=1, avoid=("subnet-a",))
    assert first["Instances"]["Ec2SubnetIds"] == ["subnet-a", "subnet-b"]
    assert second["Instances"]["Ec2SubnetIds"] == ["subnet-b"]
    assert all(more > some for more, some in zip(types(second), types(first), strict=True))
    assert refused_by_botocore("RunJobFlow", second) == ""


def test_a_second_attempt_that_has_nowhere_else_to_go_takes_spare_types_where_it_can(night):
    nowhere = job_flow(night, attempt=1, avoid=("subnet-a", "subnet-b"))
    assert nowhere["Instances"]["Ec2SubnetIds"] == ["subnet-a", "subnet-b"]


def test_the_last_attempt_may_go_anywhere_and_takes_nothing_spot(night):
    last = job_flow(night, attempt=spec.LAST_ATTEMPT, avoid=("subnet-a", "subnet-b"))
    assert last["Instances"]["Ec2SubnetIds"] == ["subnet-a", "subnet-b"]
    assert {f["TargetSpotCapacity"] for f in last["Instances"]["InstanceFleets"]} == {0}
    assert all("OnDemandSpecification" in f["LaunchSpecifications"] for f in last["Instances"]["InstanceFleets"])
    assert refused_by_botocore("RunJobFlow", last) == ""


def weights(fleet: dict) -> dict[str, int]:
    return {config["InstanceType"]: config["WeightedCapacity"] for config in fleet["InstanceTypeConfigs"]}


def of_types(night: RunContext, types: tuple[str, ...], **more) -> RunContext:
    every = dict.fromkeys(("primary_types", "core_types", "task_types"), types)
    return replace(night, settings=replace(night.settings, **every, **more))


def test_a_replacement_has_as_many_vcpu_and_types_of_the_same_size(night):
    primary, core, task = spec.fleets(of_types(night, ("m5.4xlarge",), task_units=3), spec.LAST_ATTEMPT)
    assert (core["TargetOnDemandCapacity"], task["TargetOnDemandCapacity"]) == (2 * 16, 3 * 16)
    assert set(weights(core).values()) == set(weights(task).values()) == {16}
    assert weights(core).keys() >= {"m5.4xlarge", "r5.4xlarge", "m6i.4xlarge"}
    assert (primary["TargetOnDemandCapacity"], {*weights(primary).values()}) == (1, {1}), "EMR demands it"


def test_each_fleet_has_spares_of_its_own_size(night):
    settings = replace(night.settings, primary_types=("m5.xlarge",), core_types=("r5.2xlarge",))
    primary, core, _ = spec.fleets(replace(night, settings=settings), 1)
    assert "r5.xlarge" in weights(primary) and "r6i.2xlarge" in weights(core)
    assert not {"r5.xlarge", "m5.2xlarge"} & weights(core).keys(), "too few cores, too little memory for each"


def test_spares_that_are_configured_are_taken_as_given_and_count_by_their_vcpu(night):
    core = spec.fleets(of_types(night, ("m5.xlarge",), spare_types=("m5.2xlarge",)), 1)[1]
    assert (weights(core), core["TargetOnDemandCapacity"]) == ({"m5.xlarge": 4, "m5.2xlarge": 8}, 8)


def test_capacity_is_counted_in_nodes_of_the_first_type(night):
    core = spec.fleets(of_types(night, ("m5.2xlarge", "m5.xlarge")))[1]
    assert (core["TargetOnDemandCapacity"], weights(core)) == (16, {"m5.2xlarge": 8, "m5.xlarge": 4})


def test_an_unknown_type_has_no_weight_and_is_refused(night):
    with pytest.raises(PreflightError, match=r"for m9z\.xlarge"):
        spec.fleets(of_types(night, ("m9z.xlarge",)))


def test_hdfs_lives_on_demand_and_only_task_nodes_are_spot(night):
    fleets = {f["InstanceFleetType"]: f for f in spec.fleets(night)}
    assert fleets["CORE"]["TargetSpotCapacity"] == fleets["MASTER"]["TargetSpotCapacity"] == 0
    spot = fleets["TASK"]["LaunchSpecifications"]["SpotSpecification"]
    assert (spot["AllocationStrategy"], spot["TimeoutAction"]) == ("price-capacity-optimized", "SWITCH_TO_ON_DEMAND")
    assert len(fleets["TASK"]["InstanceTypeConfigs"]) >= 3


def test_a_fleet_of_nobody_is_not_asked_for(night):
    frugal = replace(night, settings=replace(night.settings, task_units=0))
    assert [f["InstanceFleetType"] for f in spec.fleets(frugal)] == ["MASTER", "CORE"]


def test_the_run_is_written_on_the_cluster(night):
    tags = {t["Key"]: t["Value"] for t in job_flow(night)["Tags"]}
    assert tags == night.tags


def test_a_key_pair_is_named_only_when_the_run_has_one(night):
    instances = job_flow(night)["Instances"]
    assert "Ec2KeyName" not in instances
    with_key = job_flow(night, {**TRANSIENT, "key_name": "k"})["Instances"]
    assert with_key["Ec2KeyName"] == "k"


def test_each_layer_of_the_medallion_is_a_step_and_a_failed_one_cancels_the_next(night):
    steps = emr_steps(night, "s3://acme-night-artifacts/jobs/abc/")
    assert [s["Name"] for s in steps] == ["bronze", "silver", "gold"]
    assert {s["ActionOnFailure"] for s in steps} == {"CANCEL_AND_WAIT"}


def test_the_command_line_of_a_step_is_the_contract_with_the_jobs(night: RunContext):
    bronze = spark_submit(night, night.pipeline.steps[0], "s3://acme-night-artifacts/jobs/abc/")
    slug = night.slug
    assert " ".join(bronze) == (
        "spark-submit --deploy-mode client --name mrhealth_sales-bronze"
        " --py-files s3://acme-night-artifacts/jobs/abc/spark_jobs.zip s3://acme-night-artifacts/jobs/abc/main.py"
        " --pipeline mrhealth_sales --layers bronze --business-date 2026-01-04"
        " --input s3://acme-night-raw/mrhealth/csv_sales/2026/01/04/"
        " --reference s3://acme-night-raw/mrhealth/reference_data/"
        f" --lake s3://acme-night-lake --staging s3://acme-night-lake/staging/mrhealth_sales/{slug}"
        f" --manifests s3://acme-night-lake/runs/mrhealth_sales/{slug}/manifests"
        " --timezone America/Sao_Paulo --most-refused 0.5"
        " --most-refused-of-unit 0.05"
        " --option=reference=files"
    )


def test_bounds_of_files_travel_only_where_the_settings_say_other_than_the_jobs(night):
    line = spark_submit(night, night.pipeline.steps[0], "s3://j/")
    assert not [word for word in line if word.startswith(("--most-bytes", "--most-ratio", "--longest-line"))]
    other = replace(night, settings=replace(night.settings, max_file_bytes=5, max_packed_ratio=6, max_line_bytes=7))
    line = spark_submit(other, night.pipeline.steps[0], "s3://j/")
    assert {"--most-bytes=5", "--most-ratio=6", "--longest-line=7"} <= set(line)


def test_an_encoding_travels_only_where_it_applies(night, words):
    assert "--encoding" not in spark_submit(night, night.pipeline.steps[0], "s3://j/")
    line = spark_submit(words, words.pipeline.steps[0], "s3://j/")
    assert line[line.index("--encoding") + 1] == "iso8859-1"


def test_head_offices_secret_goes_to_the_step_only_when_its_database_is_to_be_read(settings):
    for reference, secret in (("files", ""), ("database", "acme-night/sources/head_office")):
        night = from_run(settings, MRHEALTH_SALES, RUN_ID, ASKED_AT, {"reference": reference})
        assert night.source_secret == secret
        assert ("--source-secret" in emr_steps(night, "s3://jobs/")[0]["HadoopJarStep"]["Args"]) == bool(secret)


def test_only_a_run_that_reads_a_database_has_nodes_that_may_open_it(settings):
    for pipeline in (MRHEALTH_SALES, backfill_of(MRHEALTH_SALES)):
        roles = [
            job_flow(from_run(settings, pipeline, RUN_ID, ASKED_AT, {"reference": reference}))["JobFlowRole"]
            for reference in ("files", "database")
        ]
        assert [role.rsplit("/", 1)[1] for role in roles] == ["nodes", "nodes-mrhealth_sales"]


def test_a_pipeline_that_the_foundation_does_not_know_is_named_with_who_grants_it(settings):
    other = replace(MRHEALTH_SALES, name="teas")
    with pytest.raises(ComputeError, match="no role of teas that opens acme-night/sources/head_office") as refused:
        job_flow(from_run(settings, other, RUN_ID, ASKED_AT, {"reference": "database"}))
    assert "adds teas to clusters of its variable sources" in refused.value.next_action


def test_the_foundation_has_a_role_for_every_pipeline_that_opens_a_source():
    """The stack's default says the same as the pipelines, so that every way to apply it makes the same roles."""
    text = (INCLUDE / "terraform" / "stacks" / "foundation" / "variables.tf").read_text()
    told = re.search(r'variable "sources" \{.*?  default = (\{.*?\n  \})', text, re.S)[1]
    of = {kind: re.search(rf"{kind} = \{{(.*?)\n    \}}", told, re.S)[1] for kind in ("clusters", "hosts")}
    listed = {
        kind: {name: re.findall(r'"(\w+)"', names) for name, names in re.findall(r"(\w+) += \[(.*?)\]", block)}
        for kind, block in of.items()
    }
    assert listed == stacks.foundation(Settings())["sources"]
    assert "sources" not in stacks.foundation(Settings(environment="prod")), "its .tfvars or this default say it"
