"""Whatever fails, the run is red, the teardowns ran and nothing is left; on the real scheduler, with real terraform."""

import json

import pytest

pytestmark = pytest.mark.scheduler
TEARDOWNS = ("terminate_cluster", "destroy_transient")
ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
SAO_PAULO_TEXT = "o rato roeu a roupa do rei de roma\n" * 3


@pytest.fixture(autouse=True)
def mended(rig):
    yield
    rig.mend()
    ids = [cluster["Id"] for cluster in clusters(rig)]
    if ids:
        rig.aws("emr").terminate_job_flows(JobFlowIds=ids)


def clusters(rig):
    return rig.aws("emr").list_clusters(ClusterStates=ALIVE)["Clusters"]


def groups(rig):
    filters = [{"Name": "tag-key", "Values": ["nightshift:run"]}]
    return rig.aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]


def records(rig):
    s3 = rig.aws("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="nightshift-local-lake", Prefix="runs/")["Contents"]]
    bodies = [s3.get_object(Bucket="nightshift-local-lake", Key=k)["Body"].read() for k in keys if "record" in k]
    return sorted((json.loads(body) for body in bodies), key=lambda record: record["started_at"])


def test_a_night_that_works_is_green_and_leaves_gold_and_nothing_else(rig):
    """Also lays the foundation, and brings the input once its bucket is there: the night waits for it."""
    run_id = rig.api.trigger("wordcount", {"input_prefix": "inbox/"})
    rig.until(lambda: rig.api.task_states("wordcount", run_id).get("apply_foundation") == "success", 300)
    rig.aws("s3").put_object(Bucket="nightshift-local-raw", Key="inbox/a.txt", Body=SAO_PAULO_TEXT.encode())
    assert rig.api.wait("wordcount", run_id, 300) == "success"
    gold = rig.aws("s3").list_objects_v2(Bucket="nightshift-local-lake", Prefix="gold/wordcount/word_counts/")
    assert gold["KeyCount"] == 1
    assert (clusters(rig), groups(rig)) == ([], [])
    assert records(rig)[-1]["outcome"] == "success"


def fail_apply(rig):
    rig.fail_terraform("apply", "transient")


def lose_create(rig):
    rig.faults.add_fault("run-job-flow-answer-lost", times=1)


@pytest.mark.parametrize(
    ("break_it", "culprit"),
    [(fail_apply, "apply_transient"), (lose_create, "create_cluster")],  # a step: tests/chaos
)
def test_work_that_fails_is_red_and_torn_down(rig, break_it, culprit):
    break_it(rig)
    state, tasks = rig.play("wordcount", input_prefix="inbox/")
    assert (state, tasks[culprit], tasks["outcome"]) == ("failed", "failed", "upstream_failed")
    assert {tasks[t] for t in (*TEARDOWNS, "prove_nothing_left", "report")} == {"success"}
    assert (clusters(rig), groups(rig)) == ([], [])
    last = records(rig)[-1]
    assert (last["outcome"], last["failure"]["task"]) == ("failed", culprit)


def test_a_destroy_that_fails_is_red_and_the_proof_names_what_is_left(rig):
    rig.fail_terraform("destroy", "transient")
    state, tasks = rig.play("wordcount", input_prefix="inbox/")
    assert (state, tasks["destroy_transient"], tasks["prove_nothing_left"]) == ("failed", "failed", "failed")
    assert tasks["terminate_cluster"] == tasks["publish"] == tasks["report"] == "success"
    assert clusters(rig) == []
    assert groups(rig) != []


def test_a_terminate_that_fails_is_red_and_the_stack_is_still_destroyed(rig):
    rig.faults.add_fault("emr-throttled", operation="TerminateJobFlows", times=50)
    state, tasks = rig.play("wordcount", input_prefix="inbox/")
    assert (state, tasks["terminate_cluster"], tasks["outcome"]) == ("failed", "failed", "upstream_failed")
    assert (tasks["destroy_transient"], tasks["prove_nothing_left"]) == ("success", "failed")
    assert [c["Name"].split()[1] for c in clusters(rig)] == ["wordcount"]
