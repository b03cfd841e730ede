"""The people's stack on localcloud, beside a foundation: what each role may and may not, by the policies in force."""

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.iam.policies import Need, Statement, allowed, statements
from tests.iam import grants

pytestmark = pytest.mark.terraform

NAME, ACCOUNT = "acme-night", "123456789012"
HERE = f"us-east-1:{ACCOUNT}"
PASSWORD = "correct-horse-battery-staple"
ANALYSTS = f"arn:aws:iam::{ACCOUNT}:role/analysts"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/acme-export"
QUEUE = f"arn:aws:sqs:{HERE}:night-copies"
LAKE, RAW, STATE = (f"arn:aws:s3:::{NAME}-{kind}" for kind in ("lake", "raw", "state"))
OURS, THEIRS = ({"aws:resourcetag/nightshift:name": name} for name in (NAME, f"{NAME}-prod"))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-airflow"
VIA_S3 = {"kms:viaservice": "s3.us-east-1.amazonaws.com"}
ON_ACME = {"ecs:cluster": f"arn:aws:ecs:{HERE}:cluster/acme"}
TO_ECS = {"iam:passedtoservice": "ecs-tasks.amazonaws.com"}
BUDGET = f"arn:aws:budgets::{ACCOUNT}:budget/{NAME}"
EXPORT = f"arn:aws:ecs:{HERE}:task-definition/export:3"
CARDS = f"arn:aws:secretsmanager:{HERE}:secret:{NAME}/sources/cards-AbCdEf"

# (who may: g(overnance), r(eader), both or nobody; what)
TABLE = [
    ("g", Need("s3:ListBucketVersions", RAW)),
    ("g", Need("s3:GetObjectVersion", f"{RAW}/a")),
    ("g", Need("s3:PutObject", f"{LAKE}/gold/a")),
    ("g", Need("s3:PutLifecycleConfiguration", LAKE)),
    ("gr", Need("s3:GetObject", f"{LAKE}/gold/a")),
    ("gr", Need("s3:ListBucket", LAKE)),
    ("", Need("s3:DeleteObject", f"{LAKE}/gold/a")),
    ("", Need("s3:DeleteObjectVersion", f"{LAKE}/gold/a")),
    ("", Need("s3:PutObject", f"arn:aws:s3:::{NAME}-artifacts/jobs/main.py")),
    ("", Need("s3:PutBucketPolicy", LAKE)),
    ("", Need("s3:GetObject", f"{STATE}/foundation.tfstate")),
    ("", Need("s3:GetObject", f"arn:aws:s3:::{NAME}-prod-lake/gold/a")),
    ("g", Need("iam:GetRole", ROLE, OURS)),
    ("", Need("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-prod-airflow", THEIRS)),
    ("g", Need("iam:ListRoles")),
    ("", Need("iam:AttachRolePolicy", ROLE, OURS)),
    ("", Need("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-governance", OURS)),
    ("", Need("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-governance", OURS)),
    ("", Need("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/{NAME}-ana", OURS)),
    ("g", Need("sqs:ReceiveMessage", QUEUE)),
    ("", Need("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:other")),
    ("g", Need("sns:Subscribe", f"arn:aws:sns:{HERE}:{NAME}-runs")),
    ("", Need("sns:Subscribe", f"arn:aws:sns:{HERE}:{NAME}-prod-runs")),
    ("", Need("sns:DeleteTopic", f"arn:aws:sns:{HERE}:{NAME}-runs")),
    ("g", Need("logs:FilterLogEvents", f"arn:aws:logs:{HERE}:log-group:airflow-{NAME}-Task:*")),
    ("", Need("logs:FilterLogEvents", f"arn:aws:logs:{HERE}:log-group:airflow-{NAME}-prod-Task:*")),
    ("", Need("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:airflow-{NAME}-Task:*")),
    ("g", Need("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:rotate-cards")),
    ("", Need("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:other")),
    ("g", Need("ce:GetCostAndUsage")),
    ("g", Need("budgets:ModifyBudget", f"{BUDGET}-monthly")),
    ("", Need("budgets:ModifyBudget", f"{BUDGET}-prod-monthly")),
    ("g", Need("backup:ListRecoveryPointsByBackupVault", f"arn:aws:backup:{HERE}:backup-vault:acme")),
    ("r", Need("glue:GetTable", f"arn:aws:glue:{HERE}:table/acme_night_gold/sales")),
    ("", Need("glue:GetTable", f"arn:aws:glue:{HERE}:table/acme_night_prod_gold/sales")),
    ("", Need("glue:DeleteTable", f"arn:aws:glue:{HERE}:table/acme_night_gold/sales")),
    ("r", Need("athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/{NAME}")),
    ("", Need("athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/primary")),
    ("", Need("athena:UpdateWorkGroup", f"arn:aws:athena:{HERE}:workgroup/{NAME}")),
    ("gr", Need("s3:PutObject", f"{LAKE}/athena/0123.csv")),
    ("r", Need("ecs:RunTask", EXPORT, ON_ACME)),
    ("", Need("ecs:RunTask", EXPORT, {"ecs:cluster": f"arn:aws:ecs:{HERE}:cluster/other"})),
    ("", Need("ecs:RunTask", EXPORT.replace("export", "export-all"), ON_ACME)),
    ("r", Need("ecs:StopTask", f"arn:aws:ecs:{HERE}:task/acme/0123")),
    ("r", Need("iam:PassRole", TASK_ROLE, TO_ECS)),
    ("", Need("iam:PassRole", TASK_ROLE, {"iam:passedtoservice": "lambda.amazonaws.com"})),
    ("", Need("iam:PassRole", ROLE, TO_ECS)),
    ("", Need("secretsmanager:GetSecretValue", CARDS)),
    ("", Need("elasticmapreduce:RunJobFlow")),
]


@pytest.fixture(scope="module")
def people(cloud, stack, foundation):
    cloud.client("sqs").create_queue(QueueName="night-copies")
    variables = {
        "name": NAME,
        "region": "us-east-1",
        "max_retries": 3,
        "principals": {"governance": [f"arn:aws:iam::{ACCOUNT}:role/owners"], "reader": [ANALYSTS]},
        "users": {"ana": "reader"},
        "queue_arns": [QUEUE],
        "log_groups": [f"airflow-{NAME}-Task"],
        "functions": ["rotate-cards"],
        "backup_vault": "acme",
        "tasks": {"cluster": "acme", "families": ["export"], "role_arns": [TASK_ROLE]},
        "secrets": {
            "sources/cards": {"description": "The bank's database"},
            "sources/covid_api": {"description": "The API's address and user", "value_version": 1},
            "ssh/bastion": {"description": "Private key of the bastion"},
        },
        "secret_values": {"sources/covid_api": json.dumps({"url": "https://api.example.com", "password": PASSWORD})},
        "monthly_usd": 120,
        "budget_emails": ["owner@example.com"],
        "recovery_days": 0,
    }
    made = stack("stacks/people", cloud.env)
    made.open("people.tfstate", f"{NAME}-state")
    yield made, variables, made.apply(**variables)
    made.destroy(**variables)
    left = [u["UserName"] for u in cloud.client("iam").list_users()["Users"]]
    assert f"{NAME}-ana" not in left


@pytest.fixture(scope="module")
def may(cloud, people):
    """The statements of each role, as IAM has them."""
    iam, told = cloud.client("iam"), people[2]["role_arns"]
    return {role[0]: grants.of_role(iam, arn.rsplit("/", 1)[1]) for role, arn in told.items()}


@pytest.fixture(scope="module")
def boundary(cloud, people):
    iam, arn = cloud.client("iam"), people[2]["boundary_arn"]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def test_a_second_plan_changes_nothing(people):
    made, variables, _ = people
    assert not made.has_changes(**variables)


@pytest.mark.parametrize(("who", "need"), TABLE, ids=[f"{who or 'nobody'}: {need.action}" for who, need in TABLE])
def test_each_role_may_what_the_table_says_and_no_more(may, who, need):
    assert "".join(role for role in "gr" if allowed(need, may[role])) == who, str(need)


def test_the_key_is_used_through_s3_alone(may, foundation):
    key = foundation[2]["kms_key_arn"]
    assert all(allowed(Need("kms:Decrypt", key, VIA_S3), may[role]) for role in "gr")
    assert not any(allowed(Need("kms:Decrypt", key), may[role]) for role in "gr")
    assert not any(allowed(Need("kms:PutKeyPolicy", key), may[role]) for role in "gr")


def test_no_grant_of_theirs_is_a_wildcard_action(may):
    assert [g.action for role in "gr" for g in grants.grants(may[role]) if "*" in g.action] == []


def test_within_the_boundary_an_administrator_is_none(cloud, people, may, boundary):
    """What both the role's policies and its boundary allow: AdministratorAccess on top changes nothing."""
    iam, bound = cloud.client("iam"), list(statements("boundary", boundary))
    for arn in people[2]["role_arns"].values():
        role = iam.get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == people[2]["boundary_arn"]
    administrator = Statement("AdministratorAccess", "all", "Allow", ("*",), ("*",), (), {})
    for who, need in TABLE:
        assert (allowed(need, [administrator]) and allowed(need, bound)) is bool(who), str(need)


def test_the_boundary_and_the_policies_fit_into_iams_quota(boundary):
    assert len(json.dumps(boundary, separators=(",", ":"))) <= 6144


def test_a_user_may_become_her_role_and_nothing_else_and_has_no_key(cloud, people):
    iam, user = cloud.client("iam"), people[2]["user_names"]["ana"]
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_login_profile(UserName=user)
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=user)["Groups"]] == [f"{NAME}-reader"]
    document = iam.get_group_policy(GroupName=f"{NAME}-reader", PolicyName="assume")["PolicyDocument"]
    [statement] = document["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("sts:AssumeRole", people[2]["role_arns"]["reader"])


def test_the_reader_is_who_was_named_and_the_user_with_a_second_factor(cloud, people):
    trust = cloud.client("iam").get_role(RoleName=f"{NAME}-reader")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert {s["Principal"]["AWS"]: s.get("Condition") for s in trust} == {
        ANALYSTS: None,
        f"arn:aws:iam::{ACCOUNT}:user/{NAME}-ana": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }


def test_a_value_is_in_its_secret_and_in_no_state(cloud, people, foundation):
    vault, s3 = cloud.client("secretsmanager"), cloud.client("s3")
    arns = people[2]["secret_arns"]
    assert PASSWORD in vault.get_secret_value(SecretId=arns["sources/covid_api"])["SecretString"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        vault.get_secret_value(SecretId=arns["sources/cards"])
    assert vault.describe_secret(SecretId=arns["ssh/bastion"])["KmsKeyId"] == foundation[2]["kms_key_arn"]
    for version in s3.list_object_versions(Bucket=f"{NAME}-state", Prefix="people.tfstate")["Versions"]:
        body = s3.get_object(Bucket=f"{NAME}-state", Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        assert PASSWORD.encode() not in body
        assert b"AccessKey" not in body


def test_a_higher_version_writes_the_value_anew_and_the_same_one_does_not(cloud, people):
    made, variables, told = people
    vault, arn = cloud.client("secretsmanager"), told["secret_arns"]["sources/covid_api"]
    fresh = {**variables, "secret_values": {"sources/covid_api": "another"}}
    made.apply(**fresh)
    assert PASSWORD in vault.get_secret_value(SecretId=arn)["SecretString"]
    secrets = {**variables["secrets"], "sources/covid_api": {"description": "-", "value_version": 2}}
    made.apply(**{**fresh, "secrets": secrets})
    assert vault.get_secret_value(SecretId=arn)["SecretString"] == "another"


def test_the_budget_tells_its_owner_three_times(cloud, people):
    asked = {"AccountId": ACCOUNT, "BudgetName": f"{NAME}-monthly"}
    told = cloud.client("budgets").describe_notifications_for_budget(**asked)["Notifications"]
    assert {(n["NotificationType"], n["Threshold"]) for n in told} == {
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    }


def test_a_night_can_neither_see_the_peoples_state_nor_open_their_keys(cloud, people, foundation):
    airflow = grants.of_role(cloud.client("iam"), foundation[2]["airflow_role_arn"].rsplit("/", 1)[1])
    secret = f"arn:aws:secretsmanager:{HERE}:secret:{NAME}"
    assert allowed(Need("s3:GetObject", f"{STATE}/foundation.tfstate"), airflow)
    assert not allowed(Need("s3:GetObject", f"{STATE}/people.tfstate"), airflow)
    assert not allowed(Need("s3:PutObject", f"{STATE}/people.tfstate"), airflow)
    assert allowed(Need("secretsmanager:GetSecretValue", f"{secret}/runs/0/ssh-AbCdEf"), airflow)
    assert not allowed(Need("secretsmanager:GetSecretValue", f"{secret}/ssh/bastion-AbCdEf"), airflow)
