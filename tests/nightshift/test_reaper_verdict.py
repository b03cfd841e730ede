"""Who is dead: Airflow's word, then the ledger's leases, then the tags; and what a dead run is told as."""

from datetime import UTC, datetime, timedelta

import pytest

from nightshift.compute.resources import Resource
from nightshift.reaper.verdict import GONE, Case, Fate, Verdict, failure_report, is_reported, verdict

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
LATER, LONG_AGO = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
CLUSTER = Resource("clusters", "j-1", "mrhealth_sales/x", LATER, state="WAITING")


def entry(task, phase, lease=LATER, **facts):
    return {"at": NOW.isoformat(), "task": task, "phase": phase, "lease": lease.isoformat(), **facts}


OPEN = [entry("start_compute", "begin"), entry("start_compute", "end"), entry("job_gold", "begin")]
CLOSED = [*OPEN, {"at": NOW.isoformat(), "task": "ledger", "phase": "closed", "outcome": "failed"}]
KEPT = [entry("destroy_transient", "begin"), entry("destroy_transient", "end", kept=True), CLOSED[-1]]


@pytest.fixture
def case(night):
    def make(entries=(), *resources, airflow=None, marked=True, known=True, death=""):
        return Case(night, marked, known, entries, resources, airflow, death)

    return make


@pytest.mark.parametrize("state", ["success", "failed", GONE])
def test_a_run_that_airflow_ended_or_forgot_is_dead_at_once_though_its_lease_lasts(case, state):
    judged = verdict(case(OPEN, airflow=state), NOW)
    assert judged.fate is Fate.DEAD
    assert "its ledger has no closing entry" in judged.why
    assert judged.why.startswith("Airflow does not know the run" if state == GONE else f"Airflow calls the run {state}")


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("entries", [OPEN, CLOSED, []])
def test_a_run_that_airflow_holds_for_live_is_left_alone_until_it_expires(case, night, state, entries):
    asked = case(entries, CLUSTER, airflow=state)
    assert verdict(asked, night.expires - timedelta(minutes=1)).fate is Fate.ALIVE
    assert verdict(asked, night.expires + timedelta(minutes=1)).fate is Fate.DEAD


def test_without_airflow_the_lease_decides(case):
    assert verdict(case(OPEN), NOW).fate is Fate.ALIVE
    silent = [*OPEN[:-1], entry("job_gold", "begin", lease=LONG_AGO)]
    assert verdict(case(silent), NOW) == (Fate.DEAD, "its ledger is open, but its lease ended 2026-01-05T03:00Z")


@pytest.mark.parametrize("entries", [OPEN, []], ids=["at work", "only marked"])
def test_a_run_whose_process_is_gone_is_dead_at_once_though_its_lease_lasts(case, entries):
    judged = verdict(case(entries, death="its process 7 on laptop is gone"), NOW)
    assert judged == (Fate.DEAD, "its ledger is open, but its process 7 on laptop is gone")


def test_a_kept_night_outlives_the_process_that_played_it(case):
    assert verdict(case(KEPT, CLUSTER, death="its process 7 on laptop is gone"), NOW).fate is Fate.KEPT


def test_what_a_reaper_began_with_a_dead_run_is_no_sign_of_life_of_it(case):
    silent = [*OPEN[:-1], entry("job_gold", "begin", lease=LONG_AGO), entry("reaper", "begin", lease=LATER)]
    assert verdict(case(silent), NOW).fate is Fate.DEAD


def test_a_run_that_died_between_its_marker_and_its_first_entry_is_not_forgotten(case, night):
    assert verdict(case([]), NOW).fate is Fate.ALIVE
    assert verdict(case([]), night.expires + timedelta(minutes=1)).fate is Fate.DEAD


def test_a_closed_run_that_left_something_is_dead_and_named_by_what_it_left(case):
    judged = verdict(case(CLOSED, CLUSTER), NOW)
    assert judged == (Fate.DEAD, "its ledger is closed, but it left clusters j-1 (WAITING)")


def test_a_kept_night_lives_as_long_as_its_cluster_and_its_lease(case, night):
    stack = Resource("security groups", "sg-1", night.run, LATER)
    assert verdict(case(KEPT, CLUSTER, stack), NOW).fate is Fate.KEPT
    assert verdict(case(KEPT, CLUSTER, stack), night.expires + timedelta(minutes=1)).fate is Fate.DEAD
    assert verdict(case(KEPT, stack), NOW).fate is Fate.DEAD


def test_a_kept_night_that_was_torn_down_after_all_is_no_longer_kept(case):
    torn_down = [*KEPT[:2], entry("destroy_transient", "begin"), entry("destroy_transient", "end"), CLOSED[-1]]
    assert verdict(case(torn_down, CLUSTER), NOW).fate is Fate.DEAD


def test_a_run_is_what_it_was_last_told_as(case):
    assert case(OPEN).outcome is None
    assert case(CLOSED).outcome == "failed"
    assert case([*CLOSED, *OPEN, {**CLOSED[-1], "outcome": "success"}]).outcome == "success"


def test_what_no_ledger_knows_is_dead_past_the_expiry_on_its_tags_and_not_before(case):
    def lost(expires):
        return case([], Resource("clusters", "j-1", "gone/x", expires), marked=False, known=False)

    assert verdict(lost(LATER), NOW).fate is Fate.ALIVE
    assert verdict(lost(LONG_AGO), NOW).fate is Fate.DEAD
    assert verdict(lost(None), NOW).fate is Fate.ALIVE


def test_a_run_marked_by_hand_is_told_with_the_task_that_was_running(case):
    marked = case(OPEN, CLUSTER, airflow="success")
    card = failure_report(marked, verdict(marked, NOW))
    assert (card["task"], card["cause"]) == ("job_gold", "stopped")
    assert card["message"].startswith("Airflow calls the run success, but its ledger has no closing entry")
    assert card["message"].endswith(", while job_gold ran.")


@pytest.mark.parametrize("later", [entry("job_gold", "note"), entry("reaper", "begin")])
def test_where_a_run_was_last_seen_is_told_by_its_own_acts_alone(case, later):
    marked = case([*OPEN, later], airflow="success")
    assert failure_report(marked, verdict(marked, NOW))["message"].endswith(", while job_gold ran.")


def test_a_run_that_died_between_two_tasks_is_told_with_the_one_that_had_ended(case):
    marked = case(OPEN[:2], airflow="success")
    assert failure_report(marked, verdict(marked, NOW))["message"].endswith(", after start_compute had ended.")


def test_a_leak_of_a_closed_run_is_told_by_what_it_left_and_not_by_where_it_was(case):
    leak = case(CLOSED, CLUSTER)
    card = failure_report(leak, verdict(leak, NOW))
    assert (card["task"], card["cause"]) == ("job_gold", "leak")
    assert card["message"] == "its ledger is closed, but it left clusters j-1 (WAITING)."


def test_a_run_that_only_missed_its_report_has_no_finding(case):
    proof = [entry("prove_nothing_left", "begin"), entry("prove_nothing_left", "end", alive=[])]
    dead = Verdict(Fate.DEAD, "Airflow calls the run failed")
    assert failure_report(case([*OPEN, *proof, entry("report", "begin")]), dead) is None
    assert failure_report(case([*OPEN, *proof, entry("start_compute", "begin")]), dead) is not None


def test_an_earlier_failure_is_not_forgotten_over_the_finding(case):
    tries = [entry("job_bronze", "failed", message="pow"), entry("job_gold", "failed", message="boom")]
    broken = case([*OPEN, *tries, entry("stop_compute", "begin")])
    assert failure_report(broken, verdict(broken, NOW))["message"].endswith("Before that, job_gold failed: boom")


def test_a_leak_is_told_once_for_each_life_of_a_run(case):
    assert not is_reported([])
    assert not is_reported([entry("start_compute", "note")])
    assert not is_reported(OPEN)
    assert is_reported([*CLOSED, entry("reaper", "begin"), entry("reaper", "failed")])
    assert not is_reported([*CLOSED, entry("start_compute", "begin")])
