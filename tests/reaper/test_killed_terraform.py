"""A task that is killed in the middle of terraform: its retry finds everything, doubles nothing, and all of it goes."""

import os
import signal

import pytest

from nightshift.infrastructure import inventory
from nightshift.state import ledger
from tests.patience import until
from tests.reaper.conftest import kill_tree
from tests.reaper.task import play

pytestmark = pytest.mark.terraform
OFFICE = "198.51.100.7/32"


def notes(night):
    return [entry["act"] for entry in ledger.of(night).entries() if entry["phase"] == "note"]


def test_a_process_tree_killed_during_apply_is_made_good_by_the_retry_and_leaves_nothing(rig):
    night = rig.night(ssh_cidr=OFFICE)
    first = rig.start_task("apply", night)
    until(lambda: rig.groups(night))
    kill_tree(first)
    assert inventory.alive(night)["terraform states"][-1].endswith(".tflock")
    lost = {group["GroupId"] for group in rig.groups(night)}

    told = play("apply", night, rig.ground)
    groups = {group["GroupId"] for group in rig.groups(night)}
    assert notes(night)[0] == "unlocked"
    assert "removed" in notes(night)
    assert groups == {told[f"{role}_security_group_id"] for role in ("master", "worker", "service")}
    assert not groups & lost

    play("destroy", night, rig.ground)
    assert not any(inventory.alive(night).values())


@pytest.mark.long  # the reaper's teardown is the night's own, and test_reaping.py kills an apply before it
def test_a_tree_killed_during_apply_is_cleaned_by_the_teardown_alone(rig):
    night = rig.night(ssh_cidr=OFFICE)
    first = rig.start_task("apply", night)
    until(lambda: rig.groups(night))
    kill_tree(first)
    play("destroy", night, rig.ground)
    assert not any(inventory.alive(night).values())


def test_a_worker_killed_alone_leaves_a_terraform_that_finishes_and_lets_go(rig):
    night = rig.night()
    first = rig.start_task("apply", night)
    until(lambda: rig.groups(night))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    told = play("apply", night, rig.ground)
    assert "unlocked" not in notes(night)
    assert "removed" not in notes(night)
    groups = {group["GroupId"] for group in rig.groups(night)}
    assert groups == {told[f"{role}_security_group_id"] for role in ("master", "worker", "service")}
    play("destroy", night, rig.ground)
    assert not any(inventory.alive(night).values())
