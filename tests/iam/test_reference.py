"""The policies held against AWS's own Service Authorization Reference: real actions, and no `*` that could be less.

The reference comes with checkov (policy_sentry), in the environment that `make lint` makes.
"""

import json
import subprocess

import pytest

from embedded import places
from tests.iam import grants

pytestmark = [pytest.mark.spark, pytest.mark.terraform]

PYTHON = places.STATE / "checks" / "bin" / "python"
# Prints {action: the ARN formats that it can be bound to}, for the actions on standard input.
ASK = """
import json, sys
from policy_sentry.querying.actions import get_action_data
told = {}
for action in json.load(sys.stdin):
    service, name = action.split(":")
    rows = (get_action_data(service, name) or {}).get(service)
    told[action] = None if rows is None else sorted({row["resource_arn_format"] for row in rows} - {"*"})
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def every_grant(played):
    iam, told = played.client("iam"), played.foundation
    roles = [
        told[arn].rsplit("/", 1)[1] for arn in ("airflow_role_arn", "emr_service_role_arn", "emr_instance_profile_arn")
    ]
    return [grant for role in roles for grant in grants.grants(grants.of_role(iam, role))]


@pytest.fixture(scope="module")
def reference(every_grant):
    if not PYTHON.exists():
        pytest.skip(f"AWS's reference is not on this machine: `make lint` brings it to {PYTHON.parents[1]}")
    actions = json.dumps(sorted({grant.action for grant in every_grant}))
    said = subprocess.run([PYTHON, "-c", ASK], input=actions, capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def test_every_action_is_one_that_aws_knows(reference):
    assert [action for action, formats in reference.items() if formats is None] == []


def test_no_grant_is_over_everything_where_aws_supports_less(every_grant, reference):
    wide = {grant.action for grant in every_grant if grant.resource == "*" and not grant.statement.not_resources}
    assert {action: reference[action] for action in wide if reference[action]} == {}
    assert len(wide) > 10


def test_no_grant_is_bound_to_a_resource_that_aws_does_not_look_at(every_grant, reference):
    """Such a grant allows nothing: what knows no resource is asked of everything."""
    bound = {grant.action for grant in every_grant if grant.resource != "*"}
    assert {action for action in bound if not reference[action]} == set()
