"""The foundation is applied by a day's first run, and again when its files, variables, state or the day differ."""

import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.failures.errors import TerraformError
from nightshift.infrastructure.stacks import FOUNDATION_STATE
from nightshift.infrastructure.teardown import StateLocked
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.operators.terraform import ApplyFoundationOperator
from tests.nightshift.test_operators import RUN, TaskInstance, context
from wordcount.definition import PIPELINE as WORDCOUNT

LOCK = b'{"ID": "1", "Who": "ana@laptop", "Operation": "OperationTypeApply", "Created": "2026-01-05T03:00:00Z"}'
STATE = {"Bucket": "acme-night-state", "Key": FOUNDATION_STATE}


@pytest.fixture
def applies(settings, aws, monkeypatch, tmp_path):
    """Runs the task of a pipeline, with terraform replaced by something that counts and leaves a state; gives its
    outputs and how often it applied so far."""
    made = []
    shutil.copytree(settings.include_dir / "terraform", tmp_path / "terraform")
    own = replace(settings, include_dir=tmp_path)

    def apply(hook, variables, file=None):
        made.append(variables)
        aws("s3").put_object(**STATE, Body=f"serial {len(made)}".encode())
        return {"vpc_id": f"vpc-{len(made)}"}

    def check(hook, variables, file=None):
        return {"vpc_id": "vpc-of-its-owner"}

    monkeypatch.setattr(TerraformHook, "apply", apply)
    monkeypatch.setattr(TerraformHook, "check", check)

    def run(pipeline=WORDCOUNT, settings=own, days=0, **params):
        asked = context(TaskInstance(), **params)
        at = RUN.run_after + timedelta(days=days)
        asked["dag_run"] = SimpleNamespace(run_id=f"manual__{at.isoformat()}", run_after=at, start_date=at)
        operator = ApplyFoundationOperator(task_id="apply_foundation", pipeline=pipeline, settings=settings)
        return operator.execute(asked)["vpc_id"], len(made)

    run.settings = own
    return run


def test_the_other_pipelines_of_a_night_take_what_its_first_run_applied(applies):
    assert applies() == ("vpc-1", 1)
    assert applies(MRHEALTH_SALES) == ("vpc-1", 1)


def test_every_day_applies_it_so_what_was_changed_by_hand_is_put_right(applies):
    applies()
    assert applies(days=1) == ("vpc-2", 2)


def test_who_asks_for_it_gets_it_applied(applies):
    applies()
    assert applies(apply_foundation=True) == ("vpc-2", 2)


def test_a_state_that_somebody_else_wrote_is_applied_to(applies, aws):
    applies()
    aws("s3").put_object(**STATE, Body=b"an operator's")
    assert applies() == ("vpc-2", 2)


def test_a_foundation_that_was_destroyed_comes_back(applies, aws):
    applies()
    aws("s3").delete_object(**STATE)
    assert applies() == ("vpc-2", 2)


def test_other_variables_are_applied(applies):
    applies()
    assert applies(settings=replace(applies.settings, email_endpoints=("ana@example.com",))) == ("vpc-2", 2)


@pytest.mark.parametrize("file", ["stacks/foundation/main.tf", "modules/storage/main.tf"])
def test_a_file_that_changed_is_applied(applies, file):
    applies()
    with (applies.settings.stacks_dir.parent / file).open("a") as written:
        written.write("\n# another line\n")
    assert applies() == ("vpc-2", 2)


def test_what_terraform_keeps_beside_the_files_is_none_of_them(applies):
    applies()
    made = applies.settings.stacks_dir / "foundation" / ".terraform" / "modules.json"
    made.parent.mkdir(exist_ok=True)
    made.write_text("{}")
    assert applies() == ("vpc-1", 1)


def test_an_apply_that_failed_is_not_taken_for_done(applies, monkeypatch):
    applies()
    working = TerraformHook.apply

    def fail(hook, variables, file=None):
        working(hook, variables, file)
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(TerraformHook, "apply", fail)
        with pytest.raises(AirflowFailException):
            applies(apply_foundation=True)
    assert applies() == ("vpc-3", 3)


def test_where_the_foundation_has_an_owner_a_night_only_compares_it(applies, aws):
    owned = replace(applies.settings, foundation="check")
    assert applies(settings=owned) == ("vpc-of-its-owner", 0)
    aws("s3").put_object(Bucket="acme-night-state", Key=f"{FOUNDATION_STATE}.tflock", Body=LOCK)
    assert applies(settings=owned) == ("vpc-of-its-owner", 0), "it was looked at today: the owner's lock is no matter"
    with pytest.raises(StateLocked, match=r"locked by ana@laptop.*Let its owner finish"):
        applies(settings=owned, apply_foundation=True)


def test_a_role_that_may_not_apply_says_who_applies(applies, monkeypatch):
    def deny(hook, variables, file=None):
        tail = "Error: putting S3 Bucket Versioning: api error AccessDenied: not authorized"
        raise TerraformError("apply", "foundation", 1, tail)

    monkeypatch.setattr(TerraformHook, "apply", deny)
    with pytest.raises(
        AirflowFailException, match=r"The foundation's owner must apply it.*NIGHTSHIFT_FOUNDATION=check"
    ):
        applies()
