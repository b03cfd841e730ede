"""A lock is broken only when its holder is dead: every way to know that, and every way to be wrong about it."""

from datetime import UTC, datetime, timedelta

import pytest

from nightshift.state.terraform_locks import Lock, Scene, judge

MADE = datetime(2026, 1, 5, 3, 10, tzinfo=UTC)
ME, OTHER = "wordcount/a", "mrhealth_sales/b"
LOCK = Lock("id-1", "OperationTypeApply", "airflow@worker-1", MADE, MADE)


def entry(task, phase, minutes, **facts):
    """An entry so many minutes after the lock was made."""
    return {"task": task, "phase": phase, "at": (MADE + timedelta(minutes=minutes)).isoformat(), **facts}


def begin(task, minutes=-1, lease=120):
    return entry(task, "begin", minutes, lease=(MADE + timedelta(minutes=lease)).isoformat())


def judged(histories, *, foundation=False, host="worker-1", runs_here=False, after=2, deaths=()):
    scene = Scene(ME, host, MADE + timedelta(minutes=after), histories, runs_here, dict(deaths))
    return judge(LOCK, foundation, scene)


def test_terraforms_own_lock_file_is_read():
    body = b'{"ID":"8a","Operation":"OperationTypeApply","Who":"root@vm","Created":"2026-01-05T03:10:00.123456789Z"}'
    lock = Lock.parsed(body, MADE)
    assert (lock.id, lock.host, lock.created) == ("8a", "vm", MADE.replace(microsecond=123456))


@pytest.mark.parametrize("task", ["apply_transient", "destroy_transient", "reaper"])
def test_an_earlier_try_of_this_run_on_this_host_is_dead_once_no_terraform_works_here(task):
    mine = {ME: [begin(task), begin("destroy_transient", 1)]}
    assert judged(mine).dead
    assert not judged(mine, runs_here=True).dead


def test_an_earlier_try_elsewhere_gets_time_to_finish_what_nobody_here_can_see():
    mine = {ME: [begin("apply_transient"), begin("apply_transient", 1)]}
    assert not judged(mine, host="worker-2", after=2).dead
    assert judged(mine, host="worker-2", after=11).dead


def test_an_earlier_try_that_wrote_its_end_left_the_lock_behind_wherever_it_was():
    mine = {ME: [begin("apply_transient"), entry("apply_transient", "failed", 1), begin("apply_transient", 2)]}
    assert judged(mine, host="worker-2").dead


def test_another_runs_foundation_apply_is_alive_as_long_as_its_lease():
    theirs = {ME: [begin("apply_foundation", 1)], OTHER: [begin("apply_foundation", lease=75)]}
    assert not judged(theirs, foundation=True, after=74).dead
    assert judged(theirs, foundation=True, after=76).dead


def test_another_runs_lock_is_dead_at_once_when_its_process_is_gone_and_no_terraform_outlived_it():
    theirs = {ME: [begin("apply_foundation", 1)], OTHER: [begin("apply_foundation")]}
    gone = {OTHER: "its process 7 on laptop is gone"}
    assert judged(theirs, foundation=True, deaths=gone).why == f"{OTHER} held it, and its process 7 on laptop is gone"
    assert not judged(theirs, foundation=True, deaths=gone, runs_here=True).dead


@pytest.mark.parametrize(
    "since", [entry("apply_foundation", "end", 1), entry("apply_foundation", "failed", 1), entry("ledger", "closed", 1)]
)
def test_another_runs_lock_is_dead_when_its_act_or_its_run_has_ended(since):
    theirs = {ME: [begin("apply_foundation", 1)], OTHER: [begin("apply_foundation"), since]}
    assert judged(theirs, foundation=True).dead


def test_a_holder_is_who_was_at_work_when_the_lock_was_made_not_who_had_ended_before():
    theirs = {
        OTHER: [begin("apply_foundation", -9), entry("apply_foundation", "end", -8)],
        "wordcount/c": [begin("apply_foundation", -5)],
    }
    judgement = judged(theirs, foundation=True, host="worker-2")
    assert not judgement.dead
    assert "wordcount/c" in judgement.why


def test_a_live_holder_is_not_mistaken_for_the_try_of_ours_that_waited_for_it():
    """Two nights began within a second on two machines: the other one's apply takes longer than our patience."""
    ours = [begin("apply_foundation", -0.1), entry("apply_foundation", "failed", 5), begin("apply_foundation", 6)]
    theirs = {ME: ours, OTHER: [begin("apply_foundation", -0.2)]}
    judgement = judged(theirs, foundation=True, host="worker-2", after=7)
    assert not judgement.dead
    assert OTHER in judgement.why
    theirs[OTHER].append(entry("apply_foundation", "failed", 8))
    assert judged(theirs, foundation=True, host="worker-2", after=9).dead


def test_our_own_wait_is_nobodys_lock():
    waiting = {ME: [begin("apply_foundation", -1)]}
    assert not judged(waiting, foundation=True, host="worker-2", after=60).dead


@pytest.mark.parametrize("foundation", [True, False])
def test_a_holder_that_no_ledger_knows_is_dead_by_its_processes_and_never_by_its_age(foundation):
    """A person's apply holds the lock while it waits for their yes, for as long as their lunch takes."""
    assert judged({}, foundation=foundation).dead, "on this host nothing is at work"
    assert not judged({}, foundation=foundation, runs_here=True).dead
    assert not judged({}, foundation=foundation, host="laptop", after=600).dead


def test_a_dead_run_on_another_host_than_the_locks_did_not_make_it():
    """A person at worker-1 holds the lock; a night that was killed on worker-9 had waited for it."""
    dead = {OTHER: [{**begin("apply_foundation", lease=-1), "host": "worker-9"}]}
    assert not judged(dead, foundation=True, host="worker-2", after=600).dead
    dead[OTHER][0]["host"] = "worker-1"
    assert judged(dead, foundation=True, host="worker-2", after=600).dead
