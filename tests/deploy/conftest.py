"""deploy/'s scripts against a localcloud: an account where dev is bootstrapped with GitHub's roles and deployed."""

import shutil
import subprocess

import pytest

from localcloud.client import Client
from localcloud.iam.needs import Place, needs
from tests import callers
from tests.terraform.conftest import REGION, ROOT, Cloud, cloud, machine, provider, stack
from tools import toolchain

__all__ = ["cloud", "machine", "provider", "stack"]

INCLUDE = ROOT / "include"
DEV = "acme-nightshift-dev"
REPOSITORY = "repo:acme/nightshift"


class Deploy:
    """deploy/'s scripts, run by one access key, so that their calls can be told apart."""

    def __init__(self, machine, aws, provider):
        self._machine, self._aws, self._provider = machine, aws, provider

    def aws(self, key="operator"):
        """The account, as one of its users reaches it."""
        return callers.environment(self._aws, key)

    def environment(self, key):
        """All that a command of this user's needs, terraform's provider with it."""
        return {**self._machine, **self.aws(key), **self._provider(self.aws(key))}

    def run(self, script, *arguments, key="operator", allowed=(0,), **env):
        command = [ROOT / "deploy" / script, *arguments]
        done = subprocess.run(
            command, env={**self.environment(key), **env}, capture_output=True, text=True, check=False
        )
        assert done.returncode in allowed, f"{script} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done


@pytest.fixture(scope="session")
def deploy(cloud: Cloud, machine, provider):
    path = f"{toolchain.terraform().parent}:{machine['PATH']}"
    # MWAA's API is at `api.<host>`, which 127.0.0.1 has no name for and a proxy need not look up.
    return Deploy({**machine, "PATH": path}, {**cloud.env, "HTTP_PROXY": cloud.access.endpoint}, provider)


@pytest.fixture(scope="session")
def quick_include(tmp_path_factory):
    """include/ with a dev that has three zones, which is not the default, and no expiry rules, which are slow."""
    include = tmp_path_factory.mktemp("include")
    for room in INCLUDE.iterdir():
        if room.name != "environments":
            (include / room.name).symlink_to(room)
    shutil.copytree(INCLUDE / "environments", include / "environments")
    file = include / "environments" / "dev.tfvars"
    text = file.read_text()
    assert "azs                 = 2" in text
    file.write_text(text.replace("azs                 = 2", "azs = 3").replace("rules     = true", "rules = false"))
    return include


@pytest.fixture(scope="session")
def dev(cloud, stack, deploy, quick_include, tmp_path_factory):
    """What an operator does once: bootstrap with GitHub's subjects, the first deployment. Gives bootstrap's outputs."""
    boot = stack("stacks/bootstrap", deploy.aws())
    boot.init(f"-backend-config=path={tmp_path_factory.mktemp('bootstrap') / 'terraform.tfstate'}")
    told = boot.apply(
        name=DEV,
        region=REGION,
        max_retries=3,
        lifecycle_rules=False,
        github_deploy_subjects=[f"{REPOSITORY}:environment:dev"],
        github_plan_subjects=[f"{REPOSITORY}:pull_request"],
    )
    deploy.run("apply.sh", "dev", NIGHTSHIFT_INCLUDE_DIR=str(quick_include))
    return told


@pytest.fixture(scope="session")
def asked_by(cloud):
    """asked_by("deploy") -> the authorizations that this access key's calls needed, with the tags that things have."""

    def asked(key):
        calls = [call for call in Client(cloud.access).calls() if call["access_key"] == callers.key(cloud.env, key)]
        place = Place(REGION, "123456789012")
        return {tagged(cloud, need) for call in calls for need in needs(call, place)}

    return asked


def tagged(cloud, need):
    """The need with its resource's tags, for services that the recorder does not ask."""
    kind = need.resource.split(":")[-1].split("/")[0]
    tags = TAGS.get(kind, lambda *_: {})(cloud, need.resource) if need.action.startswith(("iam:", "kms:")) else {}
    context = {f"aws:resourcetag/{key.lower()}": value for key, value in tags.items()}
    return type(need)(need.action, need.resource, {**need.context, **context}, need.call)


def role_tags(cloud, arn):
    return pairs(cloud.client("iam").get_role(RoleName=arn.rsplit("/", 1)[1])["Role"].get("Tags", []))


def policy_tags(cloud, arn):
    return pairs(cloud.client("iam").list_policy_tags(PolicyArn=arn)["Tags"])


def profile_tags(cloud, arn):
    name = arn.rsplit("/", 1)[1]
    return pairs(cloud.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Tags"])


def key_tags(cloud, arn):
    """Of the key that is meant: terraform also asks for one by its alias."""
    kms = cloud.client("kms")
    key = kms.describe_key(KeyId=arn.rpartition(":key/")[2])["KeyMetadata"]["KeyId"]
    listed = kms.list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in listed}


def pairs(tags):
    return {tag["Key"]: tag["Value"] for tag in tags}


TAGS = {"role": role_tags, "policy": policy_tags, "instance-profile": profile_tags, "key": key_tags}
