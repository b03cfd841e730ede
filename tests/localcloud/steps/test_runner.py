"""The step runner: exit codes, environment, logs, kills, and what it does when the machine fails."""

from __future__ import annotations

import errno
import threading
from typing import ClassVar

import pytest

from localcloud.credentials import Access
from localcloud.steps import StepOutcome, StepRunner, StepSettings
from localcloud.steps.store import Store
from tests.localcloud.steps.conftest import ACCOUNT, KEY, LOGS, request_of
from tests.patience import until


def test_a_step_that_succeeds_has_no_message(run):
    assert run("bash", "-c", "echo noise >&2")[0] == StepOutcome(0, "")


def test_a_step_that_fails_tells_its_exit_code_and_the_end_of_its_stderr(run):
    outcome, _ = run("bash", "-c", "for i in $(seq 30); do echo line $i >&2; done; exit 3")
    assert outcome.exit_code == 3
    assert outcome.message.splitlines() == [f"line {number}" for number in range(21, 31)]


def test_a_step_that_fails_in_silence_still_has_a_message(run):
    assert "exit status 9" in run("bash", "-c", "exit 9")[0].message


def test_the_logs_are_gzipped_where_emr_puts_them(run, log, s3):
    _, request = run("bash", "-c", "echo to stdout; echo to stderr >&2; exit 4")
    assert log(request, "stdout") == "to stdout\n"
    assert log(request, "stderr") == "to stderr\n"
    controller = log(request, "controller")
    assert "bash -c" in controller
    assert "exitCode 4" in controller
    assert "S3 after the step" in controller


class Timer(threading.Timer):
    """One that goes off when the test says."""

    made: ClassVar[list[threading.Timer]] = []

    def start(self):
        self.made.append(self)


def test_logs_wait_for_their_delay(s3, tmp_path, log, monkeypatch):
    monkeypatch.setattr(threading, "Timer", Timer)
    monkeypatch.setattr(Timer, "made", [])
    runner = StepRunner(tmp_path / "work", log_delay_seconds=300)
    request = request_of("bash", "-c", "echo hi")
    runner.run(request)
    assert "Contents" not in s3.list_objects_v2(Bucket=LOGS)
    [timer] = Timer.made
    assert timer.interval == 300
    timer.function()
    assert log(request, "stdout") == "hi\n"
    runner.close()


def test_the_end_of_a_cluster_ships_the_logs_that_wait(s3, tmp_path, log):
    runner = StepRunner(tmp_path / "work", log_delay_seconds=300)
    request = request_of("bash", "-c", "echo hi")
    runner.run(request)
    runner.forget(request.cluster_id)
    assert log(request, "stdout") == "hi\n"
    runner.close()


@pytest.mark.parametrize("uri", [None, "s3://no-such-bucket/logs/"])
def test_a_step_runs_without_a_place_for_its_logs(run, uri):
    assert run("true", log_uri=uri)[0].exit_code == 0


def test_a_step_leaves_nothing_in_the_work_directory_but_s3_and_hdfs(run, runner, tmp_path):
    run("bash", "-c", "echo x > file; echo y > $TMPDIR/file")
    assert not list((tmp_path / "work/steps").rglob("*file*"))
    assert not list((tmp_path / "work/steps/j-1").iterdir())
    runner.forget("j-1")
    assert not (tmp_path / "work/hdfs/j-1").exists()


def test_a_step_has_emrs_environment_and_nothing_of_the_servers(run, log, monkeypatch):
    monkeypatch.setenv("AIRFLOW_SECRET", "of the server")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of the user")
    monkeypatch.setenv("PYTHONPATH", "/of/the/server")
    _, request = run("env", access=Access("http://127.0.0.1:5555", KEY), region="eu-west-1")
    found = dict(line.split("=", 1) for line in log(request, "stdout").splitlines())
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5555"
    assert found["AWS_REGION"] == "eu-west-1"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("test", "test")
    assert (found["EMR_CLUSTER_ID"], found["EMR_STEP_ID"]) == ("j-1", request.step_id)
    assert not {"AIRFLOW_SECRET", "AWS_SESSION_TOKEN", "PYTHONPATH", "AWS_PROFILE"} & set(found)


def test_a_script_in_s3_runs_with_its_arguments(run, s3, log):
    for key, body in (
        ("hi.sh", "echo hi $1"),
        ("hi.py", "#!/usr/bin/env python3\nimport sys\nprint('py', sys.argv[1])"),
    ):
        s3.put_object(Bucket="lake", Key=key, Body=body)
    jar = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"
    _, shell = run("s3://lake/hi.sh", "there", jar=jar)
    _, python = run("s3://lake/hi.py", "there", jar=jar)
    assert log(shell, "stdout") == "hi there\n"
    assert log(python, "stdout") == "py there\n"


@pytest.mark.parametrize(
    ("jar", "args", "code", "says"),
    [
        ("command-runner.jar", ("no-such-command",), 127, "command not found"),
        ("command-runner.jar", (), 1, "no command"),
        ("command-runner.jar", ("flink", "run"), 127, "LOCALCLOUD_FLINK_HOME"),
        ("command-runner.jar", ("hadoop", "distcp"), 127, "hadoop fs|dfs"),
        ("command-runner.jar", ("aws", "sns", "publish"), 127, "aws s3"),
        ("command-runner.jar", ("spark-submit", "--name"), 1, "--name has no value"),
        ("s3://lake/none.jar", (), 1, "s3://lake/none.jar does not exist"),
        ("s3://nowhere/none.jar", (), 1, "NoSuchBucket"),
        ("script-runner.jar", ("s3://lake/none.sh",), 1, "does not exist"),
        ("script-runner.jar", ("s3://lake/../../x",), 1, "leads out of its bucket"),
    ],
)
def test_what_cannot_be_started_fails_with_a_clear_stderr(run, log, jar, args, code, says):
    outcome, request = run(*args, jar=jar)
    assert outcome.exit_code == code
    assert says in outcome.message
    assert says in log(request, "stderr")


def test_a_kill_ends_a_running_step_at_once(runner, tmp_path, log):
    request = request_of("bash", "-c", "echo started >&2; sleep 600")
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(runner.run(request)))
    thread.start()
    stderr = tmp_path / "work/steps/j-1" / request.step_id / "logs/stderr"
    until(lambda: stderr.exists() and stderr.read_text())
    runner.kill(request.cluster_id, request.step_id)
    thread.join()
    assert outcomes == [StepOutcome(143, "started")]
    assert log(request, "stderr") == "started\n"


def test_a_kill_before_the_start_is_a_kill(runner):
    request = request_of("bash", "-c", "echo never")
    runner.kill(request.cluster_id, request.step_id)
    assert runner.run(request) == StepOutcome(143, "The step was stopped before it started.")


def test_close_ends_what_runs_and_starts_nothing_more(runner):
    request = request_of("sleep", "600")
    thread = threading.Thread(target=runner.run, args=(request,))
    thread.start()
    until(runner._processes.sessions)
    runner.close()
    thread.join()
    assert runner.run(request_of("true")).exit_code == 143


def test_a_step_sees_s3_and_s3_sees_its_output_also_when_it_fails(run, s3, tmp_path, text, keys):
    s3.put_object(Bucket="lake", Key="in/x", Body="input")
    bucket = tmp_path / "work/s3" / ACCOUNT / "lake"
    outcome, _ = run("bash", "-c", f"cat {bucket}/in/x > {bucket}/copy; rm {bucket}/in/x; exit 1")
    assert outcome.exit_code == 1
    assert text("copy") == "input"
    assert keys() == ["copy"]


def test_the_commands_of_one_script_see_each_others_s3(run, log, moto_server):
    script = """
        echo content > file
        aws s3 cp file s3://lake/in/a --quiet
        s3-dist-cp --src s3://lake/in --dest s3://lake/copy
        aws s3 cp s3://lake/copy/a -
    """
    outcome, request = run("bash", "-ec", script, access=Access(moto_server, KEY))
    assert outcome.exit_code == 0, log(request, "stderr")
    assert log(request, "stdout").splitlines()[-1] == "content"


def test_keys_that_are_no_files_are_named_in_the_controller_log(run, s3, log):
    s3.put_object(Bucket="lake", Key="a//b", Body="x")
    _, request = run("true")
    assert "WARN s3://lake/a//b is not mirrored" in log(request, "controller")


def _disk_full(*_args, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_before_a_step_is_a_failed_step(run, s3, monkeypatch):
    s3.put_object(Bucket="lake", Key="x", Body="x")
    monkeypatch.setattr(Store, "download", _disk_full)
    outcome, _ = run("true")
    assert outcome.exit_code == 1
    assert "No space left on device" in outcome.message


def test_output_that_s3_does_not_take_is_a_failed_step(run, tmp_path, monkeypatch):
    upload = Store.upload
    monkeypatch.setattr(
        Store, "upload", lambda self, bucket, *rest: _disk_full() if bucket == "lake" else upload(self, bucket, *rest)
    )
    output = tmp_path / "work" / "s3" / ACCOUNT / "lake" / "x"
    outcome, _ = run("bash", "-c", f"echo x > {output}")
    assert outcome.exit_code == 1
    assert "could not write the step's output to S3" in outcome.message


def test_a_surprise_in_the_runner_is_an_outcome_and_not_an_exception(run, monkeypatch):
    def surprise(*_):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(Store, "buckets", surprise)
    outcome, _ = run("true")
    assert outcome.exit_code == 1
    assert "unforeseen" in outcome.message


def test_without_java_or_pyspark_the_step_says_what_to_install(run, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    outcome, _ = run("spark-submit", "s3://lake/x.py")
    assert outcome.exit_code == 127
    assert "install Java 17" in outcome.message


def test_a_new_runner_forgets_what_an_earlier_server_left(s3, tmp_path):
    left = tmp_path / "work/s3" / ACCOUNT / "lake/left-over"
    left.parent.mkdir(parents=True)
    left.write_text("x")
    runner = StepRunner(tmp_path / "work", settings=StepSettings())
    runner.run(request_of("true"))
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")
    runner.close()
