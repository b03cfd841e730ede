"""What brings a bundle to MWAA and runs a smoke night there, against a stand-in for the AWS CLI.

localcloud's MWAA has no Airflow in it, and tests have no AWS CLI. The stand-in knows AWS's API by botocore's model, so
that a misspelt option or parameter is refused; how MWAA and Airflow really answer was taken from their documentation.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDCOUNT = "mwaa invoke-rest-api GET /dags/wordcount"
RUN = f"{WORDCOUNT}/dagRuns/*"
NEW_RUN = "mwaa invoke-rest-api POST /dags/wordcount/dagRuns"
PATCH = "mwaa invoke-rest-api PATCH /dags/wordcount"
NAME = "acme-nightshift-dev"
FILES = ("plugins-1a.zip", "requirements-2b.txt", "startup-3c.sh")


def told(**answer):
    return {"RestApiStatusCode": 200, "RestApiResponse": answer}


class Airflow:
    """An MWAA that answers as it was told to, and what it was asked."""

    def __init__(self, home):
        self.home = home
        self.answers = {
            WORDCOUNT: [told(is_paused=False)],
            PATCH: [told(is_paused=False)],
            NEW_RUN: [told(state="queued")],
            RUN: [told(state="queued"), told(state="running"), told(state="success")],
        }
        (home / "bin").mkdir()
        aws = home / "bin" / "aws"
        aws.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "tests/deploy/standin.py"} "$@"\n')
        aws.chmod(0o755)

    def play(self, script, *arguments, **env):
        (self.home / "answers.json").write_text(json.dumps(self.answers))
        quick = {"SMOKE_POLL_SECONDS": "0", "BUNDLE_POLL_SECONDS": "0", "STANDIN": str(self.home), **env}
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        command = [ROOT / "deploy" / script, *arguments]
        given = {**os.environ, **quick, "PATH": path}
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False)

    @property
    def calls(self):
        return [json.loads(line) for line in (self.home / "calls.jsonl").read_text().splitlines()]

    def asked(self, **wanted):
        return [call for call in self.calls if all(call.get(key) == value for key, value in wanted.items())]


@pytest.fixture
def airflow(tmp_path):
    return Airflow(tmp_path)


def test_a_smoke_night_that_succeeds_brings_its_input_and_names_a_date_of_its_own(airflow):
    done = airflow.play("smoke.sh", "dev")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-3:] == ["queued", "running", "success"]
    [new] = airflow.asked(Method="POST")
    run = new["Body"]["dag_run_id"]
    assert new["Name"] == NAME
    assert new["Body"]["logical_date"] is None
    assert new["Body"]["conf"] == {"business_date": "2000-01-01", "input_prefix": f"wordcount/smoke/{run}/"}
    [brought] = airflow.asked(call="s3 cp")
    assert brought["arguments"][-1] == f"s3://{NAME}-raw/wordcount/smoke/{run}/smoke.txt"
    assert not airflow.asked(Method="PATCH"), "it was not paused"


def test_the_form_of_the_dag_takes_what_the_smoke_night_asks(airflow, dags):
    airflow.play("smoke.sh", "dev")
    [new] = airflow.asked(Method="POST")
    for name, value in new["Body"]["conf"].items():
        dags["wordcount"].params.get_param(name).resolve(value)


@pytest.fixture(scope="module")
def dags():
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    return DagBag(str(ROOT / "dags")).dags


def test_a_smoke_night_that_fails_is_red_and_says_where_to_look(airflow):
    airflow.answers[RUN] = [told(state="running"), told(state="failed")]
    done = airflow.play("smoke.sh", "dev")
    assert done.returncode == 2
    assert "The smoke night failed: open smoke-" in done.stderr


@pytest.mark.parametrize("end", ["success", "failed"])
def test_a_paused_dag_is_woken_and_paused_again_however_it_ends(airflow, end):
    airflow.answers[WORDCOUNT] = [told(is_paused=True)]
    airflow.answers[RUN] = [told(state=end)]
    airflow.play("smoke.sh", "dev")
    assert [call["Body"] for call in airflow.asked(Method="PATCH")] == [{"is_paused": False}, {"is_paused": True}]


def test_a_question_that_goes_unanswered_is_asked_again_and_five_in_a_row_are_too_many(airflow):
    gone = {"error": "(InternalServerException) when calling the InvokeRestApi operation: try again"}
    airflow.answers[RUN] = [gone, told(state="running"), gone, gone, told(state="success")]
    assert airflow.play("smoke.sh", "dev").returncode == 0
    airflow.answers[RUN] = [gone]
    done = airflow.play("smoke.sh", "dev")
    assert done.returncode == 2
    assert "no answer 5 times" in done.stderr


def test_a_smoke_night_that_is_not_taken_or_does_not_end_is_red(airflow):
    airflow.answers[RUN] = [told(state="running")]
    done = airflow.play("smoke.sh", "dev", SMOKE_MINUTES="0")
    assert (done.returncode, "did not end in time" in done.stderr) == (2, True)
    airflow.answers[NEW_RUN] = [{"error": "(RestApiClientException) when calling the InvokeRestApi operation: 400"}]
    done = airflow.play("smoke.sh", "dev")
    assert done.returncode != 0
    assert "RestApiClientException" in done.stderr


HEAD, GET, UPDATE = "s3api head-object", "mwaa get-environment", "mwaa update-environment"


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    (folder / "dags").mkdir(parents=True)
    for file in FILES:
        (folder / file).write_text(file)
    return folder


def environment(versions, status="AVAILABLE"):
    keys = ("PluginsS3ObjectVersion", "RequirementsS3ObjectVersion", "StartupScriptS3ObjectVersion")
    return {"Environment": {"Status": status, **dict(zip(keys, versions, strict=True))}}


def test_a_new_bundle_is_put_and_taken_up(airflow, bundle):
    missing = {"error": "(404) when calling the HeadObject operation: Not Found"}
    airflow.answers = {
        HEAD: [missing, {"VersionId": "p2"}, missing, {"VersionId": "r2"}, missing, {"VersionId": "s2"}],
        GET: [
            environment(["p1", "r1", "s1"]),
            environment(["p1", "r1", "s1"], "UPDATING"),
            environment(["p2", "r2", "s2"]),
        ],
        UPDATE: [{"Arn": "arn"}],
    }
    done = airflow.play("bundle.sh", "dev", str(bundle))
    assert done.returncode == 0, done.stderr
    assert "runs the new bundle" in done.stdout
    [update] = airflow.asked(call=UPDATE)
    assert {k: v for k, v in update.items() if k.endswith("Version")} == {
        "PluginsS3ObjectVersion": "p2",
        "RequirementsS3ObjectVersion": "r2",
        "StartupScriptS3ObjectVersion": "s2",
    }
    put = [call["arguments"][-1] for call in airflow.asked(call="s3 cp")]
    assert put == [f"s3://{NAME}-artifacts/mwaa/{f}" for f in FILES]
    [dags] = airflow.asked(call="s3 sync")
    assert dags["arguments"][-2:] == [str(bundle / "dags"), f"s3://{NAME}-artifacts/mwaa/dags"]
    assert "--delete" in dags["arguments"], "a DAG that was taken away must not go on"


def test_a_bundle_that_is_there_already_updates_nothing(airflow, bundle):
    from hashlib import sha256  # noqa: PLC0415

    there = [{"VersionId": file[0], "Metadata": {"sha256": sha256(file.encode()).hexdigest()}} for file in FILES]
    airflow.answers = {HEAD: [h for h in there for _ in range(2)], GET: [environment(["p", "r", "s"])]}
    done = airflow.play("bundle.sh", "dev", str(bundle))
    assert done.returncode == 0, done.stderr
    assert not airflow.asked(call="s3 cp")
    assert not airflow.asked(call=UPDATE)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (environment(["p1", "r1", "s1"], "UPDATE_FAILED"), "is UPDATE_FAILED after its update"),
        (environment(["p1", "r1", "s1"]), "went back to the bundle before"),
    ],
)
def test_an_update_that_fails_or_is_rolled_back_is_red(airflow, bundle, end, said):
    airflow.answers = {
        HEAD: [{"VersionId": "2", "Metadata": {"sha256": "another"}}],
        GET: [environment(["p1", "r1", "s1"]), environment(["p1", "r1", "s1"], "UPDATING"), end],
        UPDATE: [{"Arn": "arn"}],
    }
    done = airflow.play("bundle.sh", "dev", str(bundle))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_bucket_that_cannot_be_asked_is_no_missing_file(airflow, bundle):
    airflow.answers = {HEAD: [{"error": "(403) when calling the HeadObject operation: Forbidden"}]}
    done = airflow.play("bundle.sh", "dev", str(bundle))
    assert (done.returncode != 0, "Forbidden" in done.stderr) == (True, True)
    assert not airflow.asked(call="s3 cp")


@pytest.mark.parametrize("script", ["bundle.sh", "smoke.sh"])
def test_an_environment_without_mwaa_is_brought_nothing_and_asked_nothing(airflow, script):
    include = airflow.home / "include"
    shutil.copytree(ROOT / "include" / "environments", include / "environments")
    (include / "environments" / "dev.mwaa.tfvars").unlink()
    done = airflow.play(script, "dev", NIGHTSHIFT_INCLUDE_DIR=str(include))
    assert (done.returncode, done.stdout) == (0, "dev has no Airflow on MWAA: there is no dev.mwaa.tfvars.\n")
    assert not (airflow.home / "calls.jsonl").exists()


def test_half_a_bundle_is_refused_before_anything_is_put(airflow, bundle):
    (bundle / FILES[2]).unlink()
    done = airflow.play("bundle.sh", "dev", str(bundle))
    assert (done.returncode, "holds no startup-*.sh" in done.stderr) == (2, True)
    assert not (airflow.home / "calls.jsonl").exists()
