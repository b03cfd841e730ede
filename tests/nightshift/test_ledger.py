"""The ledger: nothing lost, nothing overwritten."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferred

from nightshift.errors import StepFailed
from nightshift.ledger import Ledger


@pytest.fixture
def ledger(aws, night):
    return Ledger(aws("s3"), night)


def phases(ledger):
    return [(e["task"], e["phase"]) for e in ledger.entries()]


def test_an_act_leaves_an_entry_before_and_after(ledger):
    with ledger.act("create_cluster", attempt=1) as facts:
        assert phases(ledger) == [("create_cluster", "begin")]
        facts["cluster_id"] = "j-1"
    assert phases(ledger)[1:] == [("create_cluster", "end")]
    assert ledger.entries()[1]["cluster_id"] == "j-1"


def test_a_failed_act_says_why_and_what_next_and_lets_the_error_go_on(ledger):
    with pytest.raises(StepFailed), ledger.act("step_gold", attempt=2):
        raise StepFailed("Step gold is FAILED: boom")
    entry = ledger.entries()[-1]
    assert (entry["phase"], entry["attempt"], entry["cause"]) == ("failed", 2, "StepFailed")
    assert entry["message"] == "Step gold is FAILED: boom"
    assert entry["next_action"].startswith("Read the step's stderr")


def test_a_deferred_act_stays_open_until_it_is_resumed(ledger):
    with pytest.raises(TaskDeferred), ledger.act("step_gold", attempt=1):
        raise TaskDeferred(trigger=None, method_name="resume")
    with ledger.act("step_gold", attempt=1, resumed=True):
        pass
    assert phases(ledger) == [("step_gold", "begin"), ("step_gold", "end")]


def test_two_writers_at_once_lose_nothing(aws, night):
    def write(number):
        Ledger(aws("s3"), night).append("t", "begin", number=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    entries = Ledger(aws("s3"), night).entries()
    assert sorted(e["number"] for e in entries) == list(range(24))


def test_before_the_first_foundation_there_is_no_lake_and_that_is_no_error(aws, night):
    aws("s3").delete_bucket(Bucket="acme-night-lake")
    ledger = Ledger(aws("s3"), night)
    with ledger.act("apply_foundation", attempt=1):
        pass
    assert ledger.entries() == []


def test_a_task_that_ran_out_of_time_leaves_its_word_too(ledger):
    with pytest.raises(AirflowTaskTimeout), ledger.act("apply_transient", attempt=1):
        raise AirflowTaskTimeout("Timeout, PID: 7")
    assert ledger.entries()[-1]["cause"] == "AirflowTaskTimeout"
