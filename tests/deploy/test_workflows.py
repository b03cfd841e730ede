"""GitHub's workflows: they may little, run what was pinned, and do nothing that a person cannot do with make."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yaml")}
PINNED = re.compile(r"^[\w-]+/[\w-]+@[0-9a-f]{40}$")
COMMAND = re.compile(r"^(?:sudo )?(make [a-z-]+|\.ci/packages|deploy/(?:environment_of|post)\.sh)\b")


def workflow(name):
    """A workflow as YAML 1.2 has it, where `on` is a word."""
    return {("on" if k is True else k): v for k, v in yaml.safe_load(WORKFLOWS[name].read_text()).items()}


def jobs():
    return [(name, job, told) for name in WORKFLOWS for job, told in workflow(name)["jobs"].items()]


def steps():
    return [(f"{name}/{job}", step) for name, job, told in jobs() for step in told["steps"]]


def test_there_are_two():
    assert set(WORKFLOWS) == {"test", "deploy"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_nothing_unless_a_job_says_so_and_runs_once_at_a_time(name):
    told = workflow(name)
    assert told["permissions"] == {}
    assert told["concurrency"]["cancel-in-progress"] is (name == "test")
    assert "pull_request_target" not in told["on"], "it would give a fork's code our rights"


def test_no_job_may_more_than_it_needs():
    may = {f"{name}/{job}": told["permissions"] for name, job, told in jobs()}
    reads = {"contents": "read"}
    assert may == {
        "test/lint": reads,
        "test/terraform": reads,
        "test/test": reads,
        "test/plan": {**reads, "id-token": "write", "pull-requests": "write"},
        "deploy/deploy": {**reads, "id-token": "write"},
    }


def test_every_job_has_a_limit():
    assert all(told["timeout-minutes"] <= 180 for _, _, told in jobs())


def test_every_action_is_pinned_by_its_commit_and_says_its_version():
    used = [line for path in WORKFLOWS.values() for line in path.read_text().splitlines() if "uses:" in line]
    assert len(used) > 10
    for line in used:
        action, version = line.split("uses:")[1].split("#")
        assert PINNED.match(action.strip()), line
        assert re.match(r" v\d+\.\d+\.\d+$", version), line


def test_a_checkout_leaves_no_token_behind():
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(jobs())
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_a_workflow_runs_a_person_can_run():
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for where, step in steps():
        if "run" not in step:
            continue
        command = COMMAND.match(step["run"])
        assert command, f"{where}: {step['run']}"
        words = command[1].split()
        assert words[0] != "make" or re.search(rf"^  make {words[1]} ", listed, re.M), step["run"]
        assert words[0] == "make" or (ROOT / words[0]).is_file(), step["run"]


def test_nothing_that_a_stranger_writes_reaches_a_shell():
    """Titles and branch names of pull requests are theirs: an expression in `run` would be executed."""
    assert [(where, step["run"]) for where, step in steps() if "${{" in step.get("run", "")] == []


def test_main_goes_to_prod_and_developer_to_dev():
    told = workflow("deploy")
    assert told["on"] == {"push": {"branches": ["developer", "main"]}}
    [job] = told["jobs"].values()
    assert job["env"]["ENV"] == "${{ github.ref_name == 'main' && 'prod' || 'dev' }}"
    [role] = [step["with"]["role-to-assume"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    assert role == "${{ github.ref_name == 'main' && vars.PROD_DEPLOY_ROLE || vars.DEV_DEPLOY_ROLE }}"
    assert job["environment"] == job["env"]["ENV"], "its reviewers, and the subject that the role trusts"
    made = [step["run"].split()[1] for step in job["steps"] if step.get("run", "").startswith("make")]
    assert made == ["plan", "deploy", "smoke"]


def test_no_long_lived_key_is_used():
    text = "".join(path.read_text() for path in WORKFLOWS.values())
    assert "secrets." not in text
    assert "aws-access-key-id" not in text


def test_a_pull_requests_plan_is_posted(tmp_path):
    calls = tmp_path / "gh"
    calls.write_text('#!/bin/sh\necho "$@" > called\ncat comment.md > posted.md\n')
    calls.chmod(0o755)
    (tmp_path / "plan.txt").write_text("x" * 70000 + "\nPlan: 1 to add, 0 to change, 0 to destroy.\n")
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PULL_REQUEST": "7", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    subprocess.run([ROOT / "deploy" / "post.sh", "plan.txt"], cwd=tmp_path, env=env, check=True)
    posted = (tmp_path / "posted.md").read_text()
    assert "Plan: 1 to add" in posted.split("<details>")[0]
    assert len(posted) < 65536
    assert (tmp_path / "called").read_text().startswith("pr comment 7 --edit-last --create-if-none")
    assert (tmp_path / "summary").read_text() == posted
