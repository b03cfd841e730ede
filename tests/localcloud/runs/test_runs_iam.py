"""Job runs where IAM is enforced: what their calls need, and whose role their process has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.credentials import Access, Credentials
from localcloud.iam.needs import Place, Unmapped, needs
from localcloud.iam.sessions import _base36
from localcloud.iam.step_rights import SessionRights
from localcloud.runs.service import ACTIONS
from localcloud.server import LocalCloud
from localcloud.settings import Settings
from localcloud.steps import log_streams
from localcloud.steps.request import RunRequest
from tests.localcloud.helpers import Client, PlayedSteps, client_at
from tests.localcloud.runs.conftest import ROLE, SCRIPT, eks_cluster, job, provider
from tests.patience import until

ACCOUNT = "123456789012"
GLUE = f"arn:aws:glue:eu-west-1:{ACCOUNT}"


@pytest.fixture
def cloud(tmp_path: Path, steps: PlayedSteps) -> Iterator[LocalCloud]:
    with LocalCloud(Settings(home=tmp_path, port=0, iam=True), runner=steps) as running:
        yield running


@pytest.fixture
def jobs_role(aws: Client) -> Iterator[Callable[..., None]]:
    """Gives the jobs' role a trust policy and permissions."""
    iam = aws("iam")
    iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=document({"Principal": "*", "Action": "sts:AssumeRole"}))

    def change(trust: dict[str, Any], *allowed: dict[str, Any]) -> None:
        given = {"Action": "sts:AssumeRole", **trust}
        iam.update_assume_role_policy(RoleName="jobs", PolicyDocument=document(given))
        if allowed:
            iam.put_role_policy(RoleName="jobs", PolicyName="own", PolicyDocument=document(*allowed))

    yield change
    for name in iam.list_role_policies(RoleName="jobs")["PolicyNames"]:
        iam.delete_role_policy(RoleName="jobs", PolicyName=name)
    iam.delete_role(RoleName="jobs")


@pytest.fixture
def user(cloud: LocalCloud, aws: Client) -> Iterator[Callable[..., Client]]:
    """Makes clients of a user with these statements."""
    iam = aws("iam")
    iam.create_user(UserName="job-starter")
    key = iam.create_access_key(UserName="job-starter")["AccessKey"]

    def make(*allowed: dict[str, Any]) -> Client:
        iam.put_user_policy(UserName="job-starter", PolicyName="own", PolicyDocument=document(*allowed))
        own = Access(cloud.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        return lambda service, **options: client_at(own, service, **options)

    yield make
    iam.delete_access_key(UserName="job-starter", AccessKeyId=key["AccessKeyId"])
    for name in iam.list_user_policies(UserName="job-starter")["PolicyNames"]:
        iam.delete_user_policy(UserName="job-starter", PolicyName=name)
    iam.delete_user(UserName="job-starter")


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def denied(call: Callable[..., Any], **params: Any) -> str:
    with pytest.raises(ClientError, match="AccessDenied") as refused:
        call(**params)
    return str(refused.value)


def test_every_action_is_mapped_so_that_it_can_be_enforced() -> None:
    params = {
        **dict.fromkeys(("JobName", "Name", "applicationId", "virtualClusterId", "id", "jobRunId"), "x"),
        **dict.fromkeys(("ResourceArn", "resourceArn"), f"{GLUE}:job/x"),
        "JobNames": ["x"],
        "executionRoleArn": ROLE,
    }
    for service, actions in ACTIONS.items():
        for name in actions:
            call = {"service": service, "operation": name, "params": params, "request_tags": {}, "resource_tags": {}}
            first, *_ = needs(call, Place("eu-west-1", ACCOUNT))
            assert first.action == f"{service}:{name}"
    with pytest.raises(Unmapped):
        unknown = {"service": "emr-serverless", "operation": "StartSession", "params": {}}
        needs({**unknown, "request_tags": {}, "resource_tags": {}}, Place("eu-west-1", ACCOUNT))


def test_a_glue_job_passes_its_role_and_is_bound_by_its_tags(user: Any, aws: Client) -> None:
    mine = {"StringEquals": {"aws:ResourceTag/team": "night"}}
    asked = {"StringEquals": {"aws:RequestTag/team": "night"}}
    to_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    create = [
        {"Action": ["glue:CreateJob", "glue:TagResource"], "Resource": f"{GLUE}:job/*", "Condition": asked},
        {"Action": ["glue:StartJobRun", "glue:GetJobRun"], "Resource": f"{GLUE}:job/*", "Condition": mine},
    ]
    client = user(*create)("glue")
    assert f"iam:PassRole on resource: {ROLE}" in denied(client.create_job, **job("iam-night", Tags={"team": "night"}))
    client = user(*create, {"Action": "iam:PassRole", "Resource": ROLE, "Condition": to_glue})("glue")
    assert "glue:CreateJob" in denied(client.create_job, **job("iam-other", Tags={"team": "day"}))
    client.create_job(**job("iam-night", Tags={"team": "night"}))
    aws("glue").create_job(**job("iam-day", Tags={"team": "day"}))
    run = client.start_job_run(JobName="iam-night")["JobRunId"]
    assert client.get_job_run(JobName="iam-night", RunId=run)["JobRun"]["Id"] == run
    assert f"glue:StartJobRun on resource: {GLUE}:job/iam-day" in denied(client.start_job_run, JobName="iam-day")
    assert "glue:BatchStopJobRun" in denied(client.batch_stop_job_run, JobName="iam-night", JobRunIds=[run])


def test_an_application_is_bound_by_its_tags_and_takes_the_role_that_is_passed(user: Any, aws: Client) -> None:
    mine = {"StringEquals": {"aws:ResourceTag/team": "night"}}
    app = {"name": "night", "releaseLabel": "emr-7.13.0", "type": "SPARK"}
    ours, theirs = (
        aws("emr-serverless").create_application(**app, tags={"team": team})["applicationId"] for team in ("night", "x")
    )
    own = f"arn:aws:emr-serverless:eu-west-1:{ACCOUNT}:/applications/*"
    start = {"Action": ["emr-serverless:StartJobRun", "emr-serverless:GetApplication"], "Resource": own}
    client = user({**start, "Condition": mine})("emr-serverless")
    client.get_application(applicationId=ours)
    assert "emr-serverless:GetApplication" in denied(client.get_application, applicationId=theirs)
    assert "emr-serverless:CreateApplication on resource: *" in denied(client.create_application, **app)
    run = {"executionRoleArn": ROLE, "jobDriver": {"sparkSubmit": {"entryPoint": SCRIPT}}}
    assert "iam:PassRole" in denied(client.start_job_run, applicationId=ours, **run)


def test_a_virtual_cluster_limits_the_execution_role_by_a_condition(user: Any, aws: Client) -> None:
    cluster = aws("emr-containers").create_virtual_cluster(name="n", containerProvider=provider(eks_cluster(aws)))["id"]
    only = {"ArnEquals": {"emr-containers:ExecutionRoleArn": ROLE}}
    client = user({"Action": "emr-containers:StartJobRun", "Resource": "*", "Condition": only})("emr-containers")
    run = {
        "virtualClusterId": cluster,
        "releaseLabel": "emr-7.13.0-latest",
        "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": SCRIPT}},
    }
    assert client.start_job_run(**run, executionRoleArn=ROLE)["id"]
    assert "emr-containers:StartJobRun" in denied(client.start_job_run, **run, executionRoleArn=f"{ROLE}-other")


def test_a_run_has_its_jobs_role_and_its_logs_need_its_permission(
    cloud: LocalCloud, aws: Client, steps: PlayedSteps, jobs_role: Any, tmp_path: Path
) -> None:
    client = aws("glue")
    client.create_job(**job("iam-run"))

    def ended() -> dict[str, Any]:
        run = client.start_job_run(JobName="iam-run")["JobRunId"]
        over = ("SUCCEEDED", "FAILED")
        return until(
            lambda: client.get_job_run(JobName="iam-run", RunId=run)["JobRun"],
            lambda found: found["JobRunState"] in over,
        )

    jobs_role({"Principal": {"Service": "emr-serverless.amazonaws.com"}})
    assert ended()["ErrorMessage"] == f"Role {ROLE} should be given assume role permissions for Glue Service."
    logs = {"Action": "logs:*", "Resource": "arn:aws:logs:*:*:*:/aws-glue/jobs/output*"}
    jobs_role({"Principal": {"Service": "glue.amazonaws.com"}}, logs)
    assert ended()["JobRunState"] == "SUCCEEDED"
    (request,) = steps.requests
    assert isinstance(request, RunRequest)
    who = client_at(request.access, "sts").get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/jobs/GlueJobRunnerSession"
    assert cloud._authorizer
    rights = SessionRights(cloud._authorizer, request)
    for name in ("stdout", "stderr"):
        (tmp_path / name).write_text("a line\n")
    log_streams.write(request, tmp_path, rights)
    written, client = [], aws("logs")
    for group in client.describe_log_groups(logGroupNamePrefix="/aws-glue/jobs")["logGroups"]:
        streams = client.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        written += [group["logGroupName"] for stream in streams if stream["logStreamName"] == request.step_id]
    assert written == ["/aws-glue/jobs/output"]


@pytest.mark.parametrize("way", ["pod identity", "service account", "another namespace"])
def test_a_pod_has_the_role_that_trusts_it(
    cloud: LocalCloud, aws: Client, steps: PlayedSteps, jobs_role: Any, way: str
) -> None:
    issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    space = "nights" if way == "service account" else "others"
    subject = f"system:serviceaccount:{space}:emr-containers-sa-*-*-{ACCOUNT}-{_base36('jobs')}"
    federated = {
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{issuer}:sub": subject}},
    }
    jobs_role({"Principal": {"Service": "pods.eks.amazonaws.com"}} if way == "pod identity" else federated)
    client = aws("emr-containers")
    cluster = client.create_virtual_cluster(name="n", containerProvider=provider(eks_cluster(aws)))["id"]
    run = client.start_job_run(
        virtualClusterId=cluster,
        executionRoleArn=ROLE,
        releaseLabel="emr-7.13.0-latest",
        jobDriver={"sparkSubmitJobDriver": {"entryPoint": SCRIPT}},
    )["id"]
    found = until(
        lambda: client.describe_job_run(virtualClusterId=cluster, id=run)["jobRun"],
        lambda shown: shown["state"] in ("COMPLETED", "FAILED"),
    )
    refused = way == "another namespace"
    assert (found["state"], len(steps.requests)) == (("FAILED", 0) if refused else ("COMPLETED", 1))
    assert ("trust policy" in found.get("stateDetails", "")) is refused
