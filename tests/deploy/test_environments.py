"""dev and prod: what their files say, that neither touches the other, and that a night keeps what was deployed."""

import re
import shutil
from dataclasses import replace

import pytest

from localcloud.iam.policies import Need, allowed
from nightshift import config
from nightshift.failures.errors import FoundationDiffers, SettingsError
from nightshift.infrastructure import stacks
from nightshift.infrastructure.terraform import TerraformHook
from tests.deploy.conftest import DEV, INCLUDE
from tests.iam import grants
from tests.iam.account import environment_of
from tests.terraform.conftest import REGION

ENVIRONMENTS = ("dev", "prod")
ACCOUNT = "123456789012"
OWNED_BY_SETTINGS = {"name", "region", "email_endpoints", "queue_endpoints"}
READS = re.compile(r":(Get|List|Describe|Lookup)\w+$")


def lines(environment):
    """{key: value} of an environment's file, read as deploy/environment.sh does."""
    text = (INCLUDE / "environments" / f"{environment}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in text if line.startswith("NIGHTSHIFT_"))


def tfvars(environment, of=""):
    text = (INCLUDE / "environments" / f"{environment}{of}.tfvars").read_text()
    return dict(re.findall(r"^(\w+) += (.+?)(?: +#.*)?$", text, re.M))


@pytest.fixture(params=ENVIRONMENTS)
def environment(request):
    return request.param


def test_the_library_takes_every_setting_of_it(environment):
    settings = config.load(lines(environment))
    assert settings.environment == environment
    assert settings.name.endswith(f"-{environment}")
    assert settings.tfvars == INCLUDE / "environments" / f"{environment}.tfvars"


def test_nights_leave_the_foundation_to_its_owner(environment):
    assert config.load(lines(environment)).foundation == "check"


def test_somebody_is_told_and_somebody_answers_for_it(environment):
    settings = config.load(lines(environment))
    assert settings.email_endpoints
    assert settings.owner != config.Settings.owner


def test_dev_is_smaller_and_cheaper_than_prod_and_runs_on_request_only():
    dev, prod = (config.load(lines(environment)) for environment in ENVIRONMENTS)
    assert (dev.when, prod.when) == (None, "0 0 * * *")
    assert dev.core_units + dev.task_units < prod.core_units + prod.task_units
    assert dev.max_usd_per_night < prod.max_usd_per_night
    assert dev.lifetime_hours < prod.lifetime_hours


def test_both_files_say_the_same_things():
    assert set(lines("dev")) >= set(lines("prod"))
    assert set(tfvars("dev")) == set(tfvars("prod"))
    assert set(tfvars("dev", ".mwaa")) == set(tfvars("prod", ".mwaa"))


@pytest.mark.parametrize(("stack", "of"), [("foundation", ""), ("mwaa", ".mwaa")])
def test_a_stacks_variable_is_said_once(environment, stack, of):
    """What settings carry reaches terraform from there; in a .tfvars it would win, and the two could differ."""
    assert not set(tfvars(environment, of)) & OWNED_BY_SETTINGS
    declared = (INCLUDE / "terraform" / "stacks" / stack / "variables.tf").read_text()
    assert {name for name in tfvars(environment, of) if f'variable "{name}"' not in declared} == set()


def test_airflow_on_mwaa_has_a_way_to_awss_services(environment):
    """stacks/mwaa looks for it too, when it is planned; here it is seen before anything is deployed."""
    assert tfvars(environment)["nat"] == "true"


def test_an_environment_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="NIGHTSHIFT_ENVIRONMENT is 'staging'"):
        config.load({"NIGHTSHIFT_ENVIRONMENT": "staging"})


@pytest.mark.parametrize(
    ("dev", "prod", "refused"),
    [
        ("acme-nightshift", "acme-nightshift-prod", True),
        ("acme-nightshift-dev-2", "acme-nightshift-dev", True),
        ("acme-nightshift", "acme-nightshift", True),
        ("acme-night", "acme-nightshift", False),
        ("acme-nightshift-dev", "acme-nightshift-prod", False),
    ],
)
def test_names_that_begin_alike_are_refused(deploy, tmp_path, dev, prod, refused):
    (tmp_path / "environments").mkdir()
    for environment, name in zip(ENVIRONMENTS, (dev, prod), strict=True):
        file = tmp_path / "environments" / f"{environment}.env"
        file.write_text(f"NIGHTSHIFT_ENVIRONMENT={environment}\nNIGHTSHIFT_NAME={name}\nNIGHTSHIFT_REGION={REGION}\n")
    done = deploy.run("environment_of.sh", "dev", allowed=(0, 2), NIGHTSHIFT_INCLUDE_DIR=str(tmp_path))
    assert ("give them other names" in done.stderr) is refused, done.stdout + done.stderr


def test_an_environment_nobody_wrote_a_misspelt_line_and_a_copied_file_are_refused(deploy, tmp_path):
    done = deploy.run("plan.sh", "staging", allowed=(2,))
    assert "There is no environment 'staging'" in done.stderr
    (tmp_path / "environments").mkdir()
    file = tmp_path / "environments" / "dev.env"
    for text, said in (("NAME=acme\n", "neither"), ("NIGHTSHIFT_ENVIRONMENT=prod\n", "says it is prod")):
        file.write_text(text)
        assert said in deploy.run("plan.sh", "dev", allowed=(2,), NIGHTSHIFT_INCLUDE_DIR=str(tmp_path)).stderr


@pytest.mark.terraform
def test_the_plan_of_each_names_only_its_own(cloud, deploy, environment, tmp_path):
    """The very files, but for the company: dev's state is another test's."""
    shutil.copytree(INCLUDE / "environments", tmp_path / "environments")
    for file in (tmp_path / "environments").glob("*.env"):
        file.write_text(file.read_text().replace("acme-nightshift", "acme-planned"))
    cloud.client("s3").create_bucket(Bucket=f"acme-planned-{environment}-state")
    said = deploy.run("plan.sh", environment, NIGHTSHIFT_INCLUDE_DIR=str(tmp_path)).stdout
    assert "0 to change, 0 to destroy" in said
    assert set(re.findall(r"acme-planned-(\w+)", said)) == {environment}
    assert "mwaa: planned once the foundation" in said
    assert len(re.findall(r"aws_subnet.this\S* will be created", said)) == int(tfvars(environment)["azs"])
    endpoints = re.findall(r"\w+", tfvars(environment)["interface_endpoints"])
    assert len(re.findall(r'vpc_endpoint_type +(?:=|\+=) "Interface"', said)) == len(endpoints)


@pytest.fixture(scope="module")
def planned(deploy, dev, quick_include):
    """What a pull request's plan of dev says, just after the deployment; it is made by the key PULL."""
    return deploy.run("plan.sh", "dev", key="PULL", NIGHTSHIFT_INCLUDE_DIR=str(quick_include)).stdout


@pytest.mark.terraform
def test_a_second_plan_of_what_was_deployed_is_empty(planned):
    assert planned.count("No changes.") == 2, planned


@pytest.mark.terraform
def test_a_night_finds_what_was_deployed_because_it_reads_the_same_file(deploy, dev, quick_include, asked_by, roles):
    settings = replace(config.load({**lines("dev"), "NIGHTSHIFT_INCLUDE_DIR": str(quick_include)}))
    hook = TerraformHook(settings, "foundation", stacks.FOUNDATION_STATE)
    own = {**deploy.environment("NIGHT"), "TF_VAR_max_retries": "3"}
    with environment_of(own):
        told = hook.check(stacks.foundation(settings), settings.tfvars)
        assert len(told["subnet_ids"]) == 3
        with pytest.raises(
            FoundationDiffers, match=r"aws_subnet\.this\S+ will be destroyed.* owner must apply .* make deploy ENV="
        ):
            hook.check(stacks.foundation(settings))  # without the file there is a zone too many
    assert grants.refused(asked_by("NIGHT"), roles["airflow"]) == [], "the way out is looked at in every night"


def belongings(name):
    """An ARN of everything that a name has in an account."""
    here, databases = f"{REGION}:{ACCOUNT}", name.replace("-", "_")
    return [
        *(f"arn:aws:s3:::{name}-{kind}" for kind in config.KINDS),
        *(f"arn:aws:s3:::{name}-{kind}/a/b" for kind in config.KINDS),
        *(
            f"arn:aws:s3:::{name}-state/{key}"
            for key in ("foundation.tfstate", "people.tfstate", "transient/w/r.tfstate")
        ),
        f"arn:aws:s3:::{name}-artifacts/jobs/0/main.py",
        f"arn:aws:s3:::{name}-artifacts/mwaa/dags/a.py",
        f"arn:aws:s3:::{name}-raw/wordcount/smoke/a.txt",
        f"arn:aws:s3:::{name}-logs/emr/a",
        *(
            f"arn:aws:iam::{ACCOUNT}:role/{name}-{role}"
            for role in ("airflow", "emr-service", "emr-instance", "reader")
        ),
        *(f"arn:aws:iam::{ACCOUNT}:policy/{name}-airflow-{policy}" for policy in ("night", "fence")),
        f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}-emr-instance",
        *(f"arn:aws:secretsmanager:{here}:secret:{name}/{s}-AbCdEf" for s in ("sources/cards", "runs/0/ssh", "ssh/b")),
        f"arn:aws:kms:{here}:key/22222222-2222-3333-4444-555555555555",
        f"arn:aws:sns:{here}:{name}-runs",
        f"arn:aws:elasticmapreduce:{here}:cluster/j-2",
        *(
            f"arn:aws:ec2:{here}:{kind}"
            for kind in ("security-group/sg-2", "instance/i-2", "vpc/vpc-2", "subnet/subnet-2")
        ),
        f"arn:aws:ec2:{here}:key-pair/{name}-0123456789ab-ssh",
        *(f"arn:aws:glue:{here}:{kind}/{databases}_gold" for kind in ("database", "table")),
        f"arn:aws:glue:{here}:table/{databases}_gold/sales",
        f"arn:aws:airflow:{here}:environment/{name}",
        f"arn:aws:airflow:{here}:role/{name}/User",
        f"arn:aws:logs:{here}:log-group:airflow-{name}-Task:log-stream:a",
        f"arn:aws:budgets::{ACCOUNT}:budget/{name}-monthly",
    ]


def contexts(own, theirs):
    """What a caller may choose of a call on another's thing: its tags are theirs, the tags it asks for are ours."""
    owners = ("aws", "ec2", "elasticmapreduce", "iam", "ssm")
    tags = {f"{prefix}:resourcetag/nightshift:name": theirs for prefix in owners}
    asked = {f"{prefix}:requesttag/nightshift:name": own for prefix in ("aws", "elasticmapreduce")}
    services = ("s3", "sns", "secretsmanager", "ec2")
    to = ("ec2", "elasticmapreduce", "airflow", "ecs-tasks")
    for service, receiver in [(s, to[0]) for s in services] + [(services[0], r) for r in to[1:]]:
        via = {"kms:viaservice": f"{service}.{REGION}.amazonaws.com", "kms:grantisforawsresource": "true"}
        for labels in (asked, {}):
            yield {**tags, **labels, **via, "iam:passedtoservice": f"{receiver}.amazonaws.com"}


def reached(granted, own, theirs):
    """{action: resources} of another name that these policies let through, but for what knows no resource."""
    bound = [s for s in granted if s.effect == "Deny" or "*" not in s.resources]
    found = {}
    for action in {g.action for g in grants.grants(bound)}:
        for resource in belongings(theirs):
            needs = (Need(action, resource, context) for context in contexts(own, theirs))
            if asked_of(action, resource) and any(allowed(need, bound) for need in needs):
                found.setdefault(action, set()).add(resource)
    return found


# Asked of what the call is about to make: it carries no tag yet, and is nobody else's.
NEWBORN = {
    ("ec2:RunInstances", "instance"),
    ("ec2:RunInstances", "volume"),
    ("ec2:ImportKeyPair", "key-pair"),  # never over one that is there (InvalidKeyPair.Duplicate)
    ("ec2:CreateSecurityGroup", "security-group"),
    ("ec2:AuthorizeSecurityGroupIngress", "security-group-rule"),
    ("ec2:AuthorizeSecurityGroupEgress", "security-group-rule"),
}


def asked_of(action, resource):
    """Whether the action is ever asked of an existing thing of this kind."""
    same_service = action.split(":")[0] == resource.split(":")[2]
    return same_service and (action, resource.split(":")[5].split("/")[0]) not in NEWBORN


@pytest.fixture(scope="module")
def roles(cloud, dev):
    """{role: its statements} of everything that dev has."""
    iam = cloud.client("iam")
    names = [r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleName"].startswith(f"{DEV}-")]
    found = {name.removeprefix(f"{DEV}-"): grants.of_role(iam, name) for name in names}
    assert {"airflow", "emr-service", "emr-instance", "github-deploy", "github-plan"} <= set(found)
    return found


@pytest.mark.terraform
def test_the_search_finds_what_is_within_reach(roles):
    found = reached(roles["airflow"], DEV, DEV)
    assert f"arn:aws:s3:::{DEV}-lake/a/b" in found["s3:PutObject"]
    assert "logs:GetLogEvents" in found
    assert {"elasticmapreduce:TerminateJobFlows", "glue:GetDatabase", "iam:GetRole", "ec2:DeleteKeyPair"} <= set(found)
    assert "elasticmapreduce:AddTags" in found
    assert "airflow:InvokeRestApi" in reached(roles["github-deploy"], DEV, DEV)


@pytest.mark.terraform
def test_no_role_of_dev_reaches_anything_of_prod(roles):
    prod = lines("prod")["NIGHTSHIFT_NAME"]
    assert {role: reached(granted, DEV, prod) for role, granted in roles.items()} == {role: {} for role in roles}


@pytest.mark.terraform
def test_a_name_that_begins_alike_is_another_name(roles):
    """Names of one kind begin alike: what is not fenced by tag has to be named wholly."""
    assert {role: reached(granted, DEV, f"{DEV}-2") for role, granted in roles.items()} == {role: {} for role in roles}


@pytest.mark.terraform
def test_what_knows_no_resource_reads_or_is_written_down(roles):
    """Over the whole account AWS leaves no choice. Who wants these apart too gives dev and prod an account each."""
    writes = {
        g.action
        for granted in roles.values()
        for g in grants.grants(granted)
        if g.resource == "*" and not g.statement.not_resources and not READS.search(g.action)
    }
    of_a_hosts_own_agent = {action for action in writes if action.startswith(("ssmmessages:", "ec2messages:"))}
    assert writes - of_a_hosts_own_agent == {
        "elasticmapreduce:RunJobFlow",  # bound by the tag that it must ask for
        "elasticmapreduce:CreateSecurityConfiguration",
        "elasticmapreduce:DeleteSecurityConfiguration",  # without ARN and tags; its name carries a run's hash
        "emr-serverless:CreateApplication",  # bound by the tag that it must ask for
        "emr-containers:CreateVirtualCluster",  # bound by the tag that it must ask for
        "cloudwatch:PutMetricData",  # bound to MWAA's namespace
    }


@pytest.mark.terraform
def test_without_the_fence_dev_could_make_prods_cluster_its_own(roles):
    """Guards the search: the fence is what keeps the tag from being given to a cluster of prod."""
    open_ground = [s for s in roles["airflow"] if s.effect == "Allow"]
    assert "elasticmapreduce:AddTags" in reached(open_ground, DEV, "acme-nightshift-prod")


@pytest.mark.terraform
def test_github_becomes_a_role_only_from_the_environment_that_was_named(cloud, dev):
    iam = cloud.client("iam")
    subjects = {}
    for role, arn in dev["github_role_arns"].items():
        [statement] = iam.get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Federated": dev["github_provider_arn"]}
        asked = statement["Condition"]["StringEquals"]
        assert list(statement["Condition"]) == ["StringEquals"]
        assert asked["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
        subjects[role] = asked["token.actions.githubusercontent.com:sub"]
    assert subjects == {
        "deploy": "repo:acme/nightshift:environment:dev",
        "plan": "repo:acme/nightshift:pull_request",
    }


@pytest.mark.terraform
def test_a_deployment_needs_no_more_than_its_role_may(cloud, deploy, dev, quick_include, asked_by, roles):
    """Somebody changed what a deployment may repair: played, recorded, held against the policies."""
    s3, name = cloud.client("s3"), f"{DEV}-lake"
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_tagging(Bucket=name)
    cloud.client("logs").delete_retention_policy(logGroupName=f"airflow-{DEV}-Task")
    file = quick_include / "environments" / "dev.mwaa.tfvars"
    file.write_text(file.read_text().replace("max_workers           = 1", "max_workers = 2"))
    said = deploy.run("apply.sh", "dev", key="DEPLOY", NIGHTSHIFT_INCLUDE_DIR=str(quick_include)).stdout
    assert said.count("0 added, 2 changed, 0 destroyed") == 2, said
    asked = asked_by("DEPLOY")
    assert {
        *("s3:PutBucketVersioning", "s3:PutObject", "iam:GetRole", "kms:DescribeKey"),
        *("airflow:UpdateEnvironment", "iam:PassRole", "logs:PutRetentionPolicy"),
    } <= {n.action for n in asked}
    assert grants.refused(asked, roles["github-deploy"]) == []


@pytest.mark.terraform
def test_a_pull_requests_plan_needs_no_more_than_its_role_may(planned, asked_by, roles):
    asked = asked_by("PULL")
    assert len(asked) > 50
    assert grants.refused(asked, roles["github-plan"]) == []
    assert not [n.action for n in asked if not READS.search(n.action)]


@pytest.mark.terraform
def test_neither_role_of_github_can_change_a_role_a_key_or_a_bucket_policy(roles):
    every = {g.action for role in ("github-deploy", "github-plan") for g in grants.grants(roles[role])}
    assert not every & {
        *("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreatePolicyVersion"),
        *("iam:UpdateAssumeRolePolicy", "kms:PutKeyPolicy", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock"),
    }
