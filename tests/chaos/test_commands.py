"""What befalls a ./nightshift command: killed, interrupted at a task, two at once, asleep, without room, in a pack."""

import os
import signal
import subprocess
import time

import pytest

from embedded.pipelines import PIPELINES
from tests.chaos import cells, drops
from tests.chaos.command import Commands
from tests.e2e.conftest import CLOUD
from tests.ground import OWN_PROVIDER, REATTACH, laid

pytestmark = [pytest.mark.long, pytest.mark.spark, pytest.mark.terraform]
DAY = str(drops.DAY)
TASKS = [task for task in cells.tasks() if task != "outcome"]  # it reads the record, and has no act
GRACE = 0.1  # minutes
OTHER_DAY = "2025-06-15"
# Two runs that share a cluster, also two of one pipeline. Each has a provider of its own, which is killed with it.
PACK = {"NIGHTSHIFT_PACKS": "pair=wordcount+mrhealth_sales", **OWN_PROVIDER}


@pytest.fixture(scope="module")
def nightshift(tmp_path_factory):
    """Commands on a cloud that stays, as with `./nightshift cloud up`."""
    home = tmp_path_factory.mktemp("commands")
    with laid(home) as env:
        yield Commands({key: env[key] for key in (*CLOUD, REATTACH) if key in env}, home)


@pytest.fixture
def words(tmp_path):
    """A text of its own, what gold must say of it, and the command that counts it."""

    def make(day=DAY):
        drop = drops.words()
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.txt"
        file.write_bytes(*drop.files.values())
        return drop, ("run", "wordcount", "--date", day, "--input", file)

    return make


@pytest.fixture
def sales(tmp_path):
    """A day of two branches, what gold must say of it, and the command that sums it up; each order spoilt if wished."""

    def make(spoilt=False):
        drop, folder = drops.sales(tmp_path / "made"), tmp_path / ("spoilt" if spoilt else "sound")
        for key, content in drop.files.items():
            file = folder / key.removeprefix("mrhealth/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.replace(str(drops.DAY).encode(), b"2025-13-14") if spoilt else content)
        return drop, ("run", "mrhealth_sales", "--date", DAY, "--input", folder)

    return make


def says(nightshift, drop):
    return nightshift.facts.gold("wordcount", drop)["word_counts"].says == drop.gold["word_counts"]


def nothing_is_left(nightshift, but=()):
    assert nightshift.facts.alive().keys() <= {*but}, nightshift.facts.alive()
    assert nightshift.facts.open_markers() == []


@pytest.mark.parametrize("moment", ["claim_date", "job_wordcount", "publish.between"])
def test_the_date_of_a_killed_command_is_made_by_the_next_one_and_a_pass_removes_what_it_left(
    nightshift, words, moment
):
    _, command = words()
    nightshift.held(moment, *command).kill()
    drop, command = words()
    second = nightshift(*command)
    assert (second.ended(), says(nightshift, drop)) == (0, True), second.said  # in less than a lease
    assert nightshift.facts.alive(), "the first one left its stack"
    reaped = nightshift("reap")
    assert reaped.ended() == 0, reaped.said
    assert "is gone" in reaped.said
    nothing_is_left(nightshift)
    assert says(nightshift, drop)


@pytest.mark.parametrize("task", TASKS)
def test_ctrl_c_at_any_task_tears_down_and_tells_the_truth(nightshift, words, task):
    drop, command = words()
    struck = nightshift.held(task, *command)
    struck.interrupt()
    time.sleep(1)
    nightshift.let_go(task)
    assert struck.ended() == 130, struck.said
    nothing_is_left(nightshift)
    [record] = struck.records
    assert record["outcome"] == ("success" if says(nightshift, drop) else "failed"), struck.said


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_product_that_was_killed_while_it_was_published_is_whole_after_the_next_night(nightshift, pipeline):
    command = ("run", pipeline, "--date", DAY)
    nightshift.held("publish.between", *command).kill()
    second = nightshift(*command)
    assert second.ended() == 0, second.said
    [record] = second.records
    for gold in record["gold"]:
        prefix = gold["uri"].removeprefix("s3://nightshift-local-lake/")
        assert len(nightshift.facts.keys("nightshift-local-lake", prefix)) == 1, gold
    assert nightshift("reap").ended() == 0
    # The secret of a killed command's own database stays: the next one takes it for the user's, and puts it back.
    nothing_is_left(nightshift, but={"secrets"} if PIPELINES[pipeline].from_database else ())


def test_of_two_live_commands_for_one_date_the_second_waits_and_both_end_well(nightshift, words):
    _, command = words()
    first = nightshift.held("job_wordcount", *command, **OWN_PROVIDER)
    drop, command = words()
    second = nightshift.held("claim_date", *command, **OWN_PROVIDER)
    nightshift.let_go("claim_date")
    time.sleep(5)
    assert second.process.poll() is None
    nightshift.let_go("job_wordcount")
    assert first.ended() == 0, first.said
    assert second.ended() == 0, second.said
    assert says(nightshift, drop)
    nothing_is_left(nightshift)


def test_a_laptop_that_slept_longer_than_its_lease_publishes_nothing_over_the_night_that_took_its_date(
    nightshift, words
):
    _, command = words()
    asleep = nightshift.held("audit.after", *command, NIGHTSHIFT_GRACE_MINUTES=str(GRACE), **OWN_PROVIDER)
    os.kill(asleep.night, signal.SIGSTOP)
    nightshift.let_go("audit.after")
    time.sleep(GRACE * 60 + 2)
    drop, command = words()
    second = nightshift(*command)
    os.kill(asleep.night, signal.SIGCONT)
    assert second.ended() == 0, second.said
    assert asleep.ended() == 1, asleep.said
    [record] = asleep.records
    assert (record["failure"]["task"], record["failure"]["cause"]) == ("publish", "lock")
    assert says(nightshift, drop)
    nothing_is_left(nightshift)


def test_a_disk_without_room_is_one_sentence_and_leaves_nothing(nightshift, words, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    room = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs -o size=1500k none "$TMPDIR" && exec "$@"',
        "-",
    ]
    if subprocess.run(
        [*room, "true"], env={**os.environ, "TMPDIR": str(small)}, capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine lets nobody make a small file system")
    _, command = words()
    full = nightshift.start(*command, prefix=tuple(room), TMPDIR=str(small))
    assert full.ended() == 1
    assert "The disk is full: free space" in full.said, full.said
    assert "Traceback" not in full.said
    assert nightshift("reap").ended() == 0
    nothing_is_left(nightshift)


def of_pack(command):
    """The cluster of a member's night that ended well, which is a pack's and is proven gone by whoever left last."""
    assert command.ended() == 0, command.said
    [record] = command.records
    assert record["cluster"]["name"].startswith("nightshift-local pack_pair ")
    assert record["proof"]["alive"] == []
    return record["cluster"]["id"], record["proof"]["shared"].endswith("this run was the last to use them.")


def test_a_joiner_goes_on_with_the_cluster_of_a_starter_that_was_killed(nightshift, words):
    _, command = words(OTHER_DAY)
    starter = nightshift.held("start_compute.after", *command, **PACK)
    [started] = nightshift.facts.alive()["clusters"]
    starter.kill()
    drop, command = words()
    assert of_pack(nightshift(*command, **PACK)) == (started, False)
    assert says(nightshift, drop)
    assert nightshift("reap", **PACK).ended() == 0
    nothing_is_left(nightshift)


def test_a_joiner_that_is_killed_takes_nothing_from_the_night_whose_cluster_it_shares(nightshift, words):
    drop, command = words()
    starter = nightshift.held("job_wordcount", *command, **PACK)
    _, command = words(OTHER_DAY)
    joiner = nightshift.held("job_wordcount.after", *command, **PACK)
    [started] = nightshift.facts.alive()["clusters"]
    joiner.kill()
    nightshift.let_go("job_wordcount")
    assert of_pack(starter) == (started, False)
    assert says(nightshift, drop)
    assert nightshift("reap", **PACK).ended() == 0
    nothing_is_left(nightshift)


def test_two_pipelines_share_a_cluster_and_a_night_that_fails_takes_nothing_from_the_other(nightshift, words, sales):
    drop, command = words()
    starter = nightshift.held("job_wordcount", *command, **PACK)
    [cluster] = nightshift.facts.alive()["clusters"]
    sold, command = sales()
    assert of_pack(nightshift(*command, **PACK)) == (cluster, False)
    _, command = sales(spoilt=True)
    failed = nightshift(*command, **PACK)
    assert failed.ended() == 1, failed.said
    [record] = failed.records
    assert (record["cluster"]["id"], record["failure"]["task"]) == (cluster, "job_silver"), failed.said
    nightshift.let_go("job_wordcount")
    assert of_pack(starter) == (cluster, True)
    assert says(nightshift, drop)
    gold = nightshift.facts.gold("mrhealth_sales", sold)
    assert {table: gold[table].says for table in sold.gold} == sold.gold
    nothing_is_left(nightshift)


def test_of_two_members_that_leave_at_once_one_is_the_last_and_ends_the_cluster(nightshift, words, tmp_path_factory):
    beside = Commands(nightshift.env, tmp_path_factory.mktemp("beside"))  # who holds another at the same moment
    drop, command = words()
    first = nightshift.held("stop_compute", *command, **PACK)
    _, command = words(OTHER_DAY)
    second = beside.held("stop_compute", *command, **PACK)
    nightshift.let_go("stop_compute")
    beside.let_go("stop_compute")
    (one, is_last), (other, is_last_too) = of_pack(first), of_pack(second)
    assert one == other
    assert is_last != is_last_too
    assert says(nightshift, drop)
    nothing_is_left(nightshift)
