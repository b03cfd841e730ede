"""IAM enforced by --iam: what a role's or a user's policies do not allow is denied, in AWS's words and forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.client import Client as Control
from localcloud.credentials import Access, Credentials
from localcloud.errors import ServerError, SettingsError
from localcloud.server import LocalCloud
from localcloud.settings import Settings, load
from tests.localcloud.helpers import Client, PlayedSteps, client_at, client_of, cluster_request, step, wait_for_cluster
from tests.patience import until

ACCOUNT = "123456789012"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/day"


@pytest.fixture
def cloud(tmp_path: Path, steps: PlayedSteps) -> Iterator[LocalCloud]:
    with LocalCloud(Settings(home=tmp_path, port=0, iam=True), runner=steps) as running:
        yield running


@pytest.fixture
def role(cloud: LocalCloud, aws: Client) -> Iterator[Any]:
    """Makes a role that may do what its statements say; gives boto3 clients of a session of it."""
    iam, made = aws("iam"), []

    def make(*allowed: dict[str, Any], name: str = "worker", **options: Any) -> Client:
        trust = policy({"Principal": ROOT, "Action": "sts:AssumeRole"})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **options)
        made.append(name)
        if allowed:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*allowed))
        session = assumed(aws("sts"), name)
        return lambda service, **more: client_at(Access(cloud.endpoint, session), service, **more)

    yield make
    for name in made:  # moto's backends are the process's
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **given} for given in statements]})


def assumed(sts: Any, name: str, **options: Any) -> Credentials:
    made = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="day", **options)[
        "Credentials"
    ]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def denied(call: Any, **params: Any) -> dict[str, str]:
    """The error with which the call is denied."""
    with pytest.raises(ClientError) as refused:
        call(**params)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return refused.value.response["Error"]


FORMS = [
    ("s3", "list_objects_v2", {"Bucket": "b"}, "AccessDenied", "s3:ListBucket", "arn:aws:s3:::b"),
    ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", "ec2:DescribeVpcs", "*"),
    ("emr", "list_clusters", {}, "AccessDeniedException", "elasticmapreduce:ListClusters", "*"),
    ("kms", "list_aliases", {}, "AccessDeniedException", "kms:ListAliases", "*"),
    ("secretsmanager", "list_secrets", {}, "AccessDeniedException", "secretsmanager:ListSecrets", "*"),
    ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", "iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/r"),
    ("sns", "publish", {"TopicArn": "arn:t", "Message": "m"}, "AuthorizationError", "sns:Publish", "arn:t"),
    ("ssm", "list_commands", {}, "AccessDeniedException", "ssm:ListCommands", "*"),
    ("glue", "get_database", {"Name": "d"}, "AccessDeniedException", "glue:GetDatabase", "catalog"),
    ("mwaa", "get_environment", {"Name": "e"}, "AccessDeniedException", "airflow:GetEnvironment", "environment/e"),
]


@pytest.mark.parametrize(("service", "call", "params", "code", "action", "resource"), FORMS, ids=[f[0] for f in FORMS])
def test_what_no_policy_allows_is_denied_in_the_form_of_its_service(
    role, service, call, params, code, action, resource
):
    own = {"inject_host_prefix": False} if service == "mwaa" else {}
    error = denied(getattr(role()(service, **own), call), **params)
    assert error["Code"] == code
    assert f"User: {SESSION} is not authorized to perform: {action} on resource: " in error["Message"]
    assert f"{resource} because no identity-based policy allows the {action} action" in error["Message"]


def test_what_a_policy_allows_is_done_and_a_head_is_denied_without_a_word(role, aws, bucket):
    worker = role({"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open/*"})("s3")
    for key in ("open/a", "shut/a"):
        aws("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    assert worker.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"x"
    assert denied(worker.get_object, Bucket=bucket, Key="shut/a")["Code"] == "AccessDenied"
    assert denied(worker.head_object, Bucket=bucket, Key="shut/a")["Code"] == "403"
    denied(worker.put_object, Bucket=bucket, Key="open/a", Body=b"y")
    assert aws("s3").get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"x"


def test_that_an_object_is_not_there_is_told_to_who_may_list_its_bucket(role, bucket):
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    see = {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    assert "s3:ListBucket" in denied(role(read)("s3").get_object, Bucket=bucket, Key="none")["Message"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        role(read, see, name="seer")("s3").get_object(Bucket=bucket, Key="none")


def test_an_object_in_parts_is_a_put_and_to_abort_it_is_a_right_of_its_own(role, aws, bucket):
    worker = role({"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"})("s3")
    where = {"Bucket": bucket, "Key": "a"}
    begun = {**where, "UploadId": worker.create_multipart_upload(**where)["UploadId"]}
    tag = worker.upload_part(**begun, PartNumber=1, Body=b"x")["ETag"]
    assert "s3:AbortMultipartUpload" in denied(worker.abort_multipart_upload, **begun)["Message"]
    assert "s3:ListMultipartUploadParts" in denied(worker.list_parts, **begun)["Message"]
    worker.complete_multipart_upload(**begun, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    copied = {**where, "Key": "b", "CopySource": f"{bucket}/a"}
    assert f"s3:GetObject on resource: arn:aws:s3:::{bucket}/a" in denied(worker.copy_object, **copied)["Message"]


def test_a_denial_wins_wherever_it_stands(role, aws, bucket):
    worker = role(
        {"Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::*/a"},
    )
    put = {"Bucket": bucket, "Body": b""}
    said = denied(worker("s3").put_object, Key="a", **put)["Message"]
    assert said.endswith("with an explicit deny in an identity-based policy")
    worker("s3").put_object(Key="b", **put)
    theirs = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy(theirs))
    said = denied(worker("s3").put_object, Key="b", **put)["Message"]
    assert said.endswith("with an explicit deny in a resource-based policy")


def test_a_buckets_policy_is_enough_within_the_account(role, aws, bucket):
    own = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/worker"}, "Resource": f"arn:aws:s3:::{bucket}/*"}
    worker = role()("s3")
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy({**own, "Action": "s3:PutObject"}))
    worker.put_object(Bucket=bucket, Key="a", Body=b"")
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=policy({**own, "Action": "s3:PutObject", "Principal": ROOT}))
    assert "identity-based" in denied(worker.put_object, Bucket=bucket, Key="a", Body=b"")["Message"]


def test_an_encrypted_bucket_asks_for_its_key_and_the_keys_policy_decides(role, aws, bucket):
    kms, s3 = aws("kms"), aws("s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    write = {"Action": "s3:PutObject", "Resource": "*"}
    put = {"Bucket": bucket, "Key": "a", "Body": b""}
    said = denied(role(write)("s3").put_object, **put)["Message"]
    assert f"kms:GenerateDataKey on resource: {key} because no identity-based policy" in said
    use = {"Action": "kms:GenerateDataKey", "Resource": key}
    able = role(write, use, name="able")("s3")
    able.put_object(**put)
    other = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(other))
    assert (
        "because no resource-based policy allows the kms:GenerateDataKey action"
        in denied(able.put_object, **put)["Message"]
    )


def test_a_call_that_nobody_mapped_is_refused_whatever_is_allowed(role, bucket):
    everything = role({"Action": "*", "Resource": "*"})
    said = denied(everything("s3").delete_bucket, Bucket=bucket)["Message"]
    assert said.startswith("localcloud enforces IAM and cannot judge s3:DeleteBucket: ")
    assert "localcloud/iam/needs" in said
    said = denied(everything("budgets").describe_budgets, AccountId=ACCOUNT)["Message"]
    assert "cannot judge budgets:DescribeBudgets" in said


def test_what_no_sdk_sends_is_not_judged_as_what_it_looks_like(cloud, role, aws, bucket):
    """A bucket in the host's name, a service under another's signature, an action in the body and one beside it."""
    worker = role({"Action": "*", "Resource": "*"})
    hosted = worker("s3", s3={"addressing_style": "virtual"})
    hosted.meta.events.register("before-sign.s3", lambda request, **_: elsewhere(request, bucket))
    assert "reads buckets in paths" in denied(hosted.list_objects_v2, Bucket=bucket)["Message"]
    kms = worker("kms")
    kms.meta.events.register("before-sign.kms", lambda request, **_: named(request, "secretsmanager.ListAliases"))
    assert "cannot judge kms:?" in denied(kms.list_aliases)["Message"]
    sts = worker("sts")
    sts.meta.events.register("before-sign.sts", lambda request, **_: asked_twice(request))
    assert "cannot judge sts:?" in denied(sts.get_caller_identity)["Message"]


def elsewhere(request: Any, bucket: str) -> None:
    request.headers["Host"] = f"{bucket}.localhost"


def named(request: Any, target: str) -> None:
    request.headers.replace_header("X-Amz-Target", target)


def asked_twice(request: Any) -> None:
    request.url += "?Action=AssumeRole"


def test_a_policy_with_a_condition_that_nobody_wrote_is_not_guessed(role):
    near = {"Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    assert "IpAddress" in denied(role(near)("s3").list_buckets)["Message"]


def test_a_boundary_and_a_sessions_policy_limit_and_allow_nothing(cloud, role, aws):
    iam = aws("iam")
    see = policy({"Action": "kms:ListAliases", "Resource": "*"})
    boundary = iam.create_policy(PolicyName="bound", PolicyDocument=see)["Policy"]["Arn"]
    everything = {"Action": ["kms:*", "s3:*"], "Resource": "*"}
    bound = role(everything, PermissionsBoundary=boundary)
    bound("kms").list_aliases()
    assert "because no permissions boundary allows the s3:List" in denied(bound("s3").list_buckets)["Message"]
    role(everything, name="free")
    session = assumed(aws("sts"), "free", Policy=see)
    client_at(Access(cloud.endpoint, session), "kms").list_aliases()
    assert (
        "because no session policy allows"
        in denied(client_at(Access(cloud.endpoint, session), "s3").list_buckets)["Message"]
    )
    iam.delete_policy(PolicyArn=boundary)


def test_a_user_has_its_own_and_its_groups_policies(cloud, aws):
    iam = aws("iam")
    iam.create_user(UserName="ana")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(UserName="ana", GroupName="readers")
    iam.put_group_policy(
        GroupName="readers", PolicyName="p", PolicyDocument=policy({"Action": "kms:*", "Resource": "*"})
    )
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    own = Access(cloud.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    client_at(own, "kms").list_aliases()
    said = denied(client_at(own, "s3").list_buckets)["Message"]
    assert f"User: arn:aws:iam::{ACCOUNT}:user/ana is not authorized to perform: s3:ListAllMyBuckets" in said
    client_at(own, "sts").get_caller_identity()  # needs no permission


def test_a_role_is_assumed_by_whom_its_trust_names(cloud, role, aws):
    iam, target = aws("iam"), f"arn:aws:iam::{ACCOUNT}:role/target"
    role(name="target")
    ask = {"RoleArn": target, "RoleSessionName": "day"}
    worker, may = role()("sts"), role({"Action": "sts:AssumeRole", "Resource": target}, name="may")("sts")
    assert "no identity-based policy allows the sts:AssumeRole" in denied(worker.assume_role, **ask)["Message"]
    may.assume_role(**ask)
    trust = policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/worker"}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName="target", PolicyDocument=trust)
    worker.assume_role(**ask)
    assert "no resource-based policy allows the sts:AssumeRole" in denied(may.assume_role, **ask)["Message"]
    denied(may.assume_role, RoleArn=f"{target}-none", RoleSessionName="day")


def test_a_role_that_is_gone_takes_its_sessions_rights_with_it(role, aws):
    worker = role({"Action": "kms:*", "Resource": "*"})("kms")
    worker.list_aliases()
    aws("iam").delete_role_policy(RoleName="worker", PolicyName="own")
    denied(worker.list_aliases)


def test_the_servers_own_api_is_for_its_own_key_alone(cloud, role, aws):
    session = role({"Action": "*", "Resource": "*"})("sts")._request_signer._credentials
    theirs = Access(cloud.endpoint, Credentials(session.access_key, session.secret_key, session.token))
    for ask in (Control(theirs).calls, Control(theirs).faults, lambda: Control(theirs).session("r", "s", "n")):
        with pytest.raises(ServerError, match="own key"):
            ask()
    assert Control(cloud.access).faults() == []


SERVICE = "airflow-env.amazonaws.com"


def test_a_service_takes_a_role_that_trusts_it_and_no_other(cloud, role, aws):
    arn, control = f"arn:aws:iam::{ACCOUNT}:role/worker", Control(cloud.access)
    role({"Action": "kms:*", "Resource": "*"})
    with pytest.raises(ServerError, match=f"{SERVICE} is not authorized to perform: sts:AssumeRole on resource: {arn}"):
        control.session(arn, SERVICE, "night")
    guard = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    trust = policy({"Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole", "Condition": guard})
    aws("iam").update_assume_role_policy(RoleName="worker", PolicyDocument=trust)
    session = control.session(arn, SERVICE, "night")
    assert control.session(arn, SERVICE, "night") == session
    client_at(Access(cloud.endpoint, session), "kms").list_aliases()
    who = client_at(Access(cloud.endpoint, session), "sts").get_caller_identity()["Arn"]
    assert who.endswith(":assumed-role/worker/night")
    with pytest.raises(ServerError, match="sts:AssumeRole"):
        control.session(f"{arn}-none", SERVICE, "night")


def test_without_enforcement_nobody_is_given_a_role(tmp_path, steps):
    with LocalCloud(Settings(home=tmp_path, port=0), runner=steps) as plain:
        with pytest.raises(ServerError, match="start it with --iam"):
            Control(plain.access).session(f"arn:aws:iam::{ACCOUNT}:role/worker", SERVICE, "night")
        client_of(plain)("s3").list_buckets()


@pytest.fixture
def profile(role, aws):
    """An instance profile of a role that trusts EC2."""
    iam = aws("iam")
    role({"Action": "kms:*", "Resource": "*"})
    trust = policy({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="nodes")
    iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="worker")
    yield "nodes"
    iam.remove_role_from_instance_profile(InstanceProfileName="nodes", RoleName="worker")
    iam.delete_instance_profile(InstanceProfileName="nodes")


def test_a_step_has_the_role_of_its_clusters_profile(cloud, emr, steps, profile):
    cluster = emr.run_job_flow(**cluster_request(Steps=[step()]))["JobFlowId"]
    request = until(lambda: steps.requests)[0]
    who = client_at(request.access, "sts").get_caller_identity()["Arn"]
    assert who.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/i-")
    client_at(request.access, "kms").list_aliases()
    denied(client_at(request.access, "s3").list_buckets)
    emr.terminate_job_flows(JobFlowIds=[cluster])


def test_a_cluster_without_such_a_profile_ends_and_says_so(emr, steps):
    cluster = emr.run_job_flow(**cluster_request(Steps=[step()], JobFlowRole="none"))["JobFlowId"]
    ended = wait_for_cluster(emr, cluster, "TERMINATED_WITH_ERRORS")["Status"]["StateChangeReason"]
    assert ended["Code"] == "VALIDATION_ERROR"
    assert "Invalid InstanceProfile: none" in ended["Message"]
    assert steps.requests == []


def test_who_starts_a_cluster_must_be_able_to_pass_its_roles(role, profile):
    start = {"Action": "elasticmapreduce:*", "Resource": "*"}
    passing = {"Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/service"}
    context = {"StringEquals": {"iam:PassedToService": "elasticmapreduce.amazonaws.com"}}
    said = denied(role(start, name="starter")("emr").run_job_flow, **cluster_request())["Message"]
    assert f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/service because no identity-based policy" in said
    more = role(start, {**passing, "Condition": context}, name="passer")("emr")
    said = denied(more.run_job_flow, **cluster_request())["Message"]
    assert f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/worker because" in said


def test_a_hosts_command_has_the_role_of_its_instances_profile(cloud, aws, profile):
    ec2, ssm = aws("ec2"), aws("ssm")
    launch = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    ask = 'python3 -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''

    def said(instance: str) -> dict[str, Any]:
        sent = ssm.send_command(
            InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters={"commands": [ask]}
        )["Command"]["CommandId"]
        return until(
            lambda: ssm.get_command_invocation(CommandId=sent, InstanceId=instance),
            lambda found: found["Status"] in ("Success", "Failed"),
        )

    [instance] = ec2.run_instances(**launch, IamInstanceProfile={"Name": profile})["Instances"]
    own = said(instance["InstanceId"])["StandardOutputContent"].strip()
    assert own == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/{instance['InstanceId']}"
    [bare] = ec2.run_instances(**launch)["Instances"]
    assert "has no instance profile" in said(bare["InstanceId"])["StandardErrorContent"]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"], bare["InstanceId"]])


def test_a_recorded_call_names_its_principal_and_its_denial(cloud, role):
    denied(role()("kms").list_aliases)
    call = Control(cloud.access).calls()[-1]
    assert (call["operation"], call["status"], call["principal"]) == ("ListAliases", 403, SESSION)


def test_the_setting_is_a_word():
    assert [load({}, {"LOCALCLOUD_IAM": word}).iam for word in ("1", "true", "0", "")] == [True, True, False, False]
    with pytest.raises(SettingsError, match="LOCALCLOUD_IAM='maybe' is neither true nor false"):
        load({}, {"LOCALCLOUD_IAM": "maybe"})
