"""Packs on a localcloud: who starts the cluster, who joins, who ends it, whoever dies, and who pays for what."""

import json
import os
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import boto3
import pytest

from localcloud.emr.seam import StepOutcome
from nightshift.compute import targets
from nightshift.compute.emr import packs, shares
from nightshift.compute.emr.client import EmrClient
from nightshift.compute.emr.shares import Span
from nightshift.compute.jobs import Command
from nightshift.compute.target import Ingredients, JobState, PlaceState
from nightshift.config import Settings
from nightshift.failures.errors import ComputeError, SettingsError
from nightshift.infrastructure import inventory
from nightshift.reaper import cleanup
from nightshift.reaper.verdict import Fate
from nightshift.run import processes
from nightshift.run.run_context import from_run
from nightshift.state import ledger
from tests.nightshift.pack_member import member
from tests.nightshift.test_cluster_operators import _network
from tests.patience import until
from tools import paths

MEMBER = Path(__file__).with_name("pack_member.py")
T0 = datetime(2026, 1, 5, 3, tzinfo=UTC)


class Runner:
    """Steps that end as their last argument says; `hang` runs until it is killed."""

    def __init__(self):
        self.killed = set()

    def run(self, request):
        word = request.args[-1]
        if word == "hang":
            until(lambda: request.step_id in self.killed)
            return StepOutcome(143, "")
        return StepOutcome(1 if word == "fail" else 0, "")

    def kill(self, _cluster_id, step_id):
        self.killed.add(step_id)

    def forget(self, cluster_id): ...

    def close(self): ...


class Rig:
    """Runs of two pipelines of one group, on a localcloud."""

    def __init__(self, localcloud):
        localcloud(runner=Runner())
        self.settings = Settings(
            name=f"rig-{uuid.uuid4().hex[:12]}",
            poll_seconds=0.02,
            deferrable=False,
            api_tries=2,
            packs=("early=wordcount+mrhealth_sales",),
        )
        self.emr, self.s3 = boto3.client("emr"), boto3.client("s3")
        zones, groups = _network()
        self.emr.create_security_configuration(Name=self.settings.name, SecurityConfiguration="{}")
        foundation = {
            "subnet_ids": list(zones.values()),
            "emr_service_role_arn": "service",
            "emr_instance_profile_arn": "nodes",
        }
        transient = {"security_configuration": self.settings.name, **groups}
        self.given = Ingredients(foundation, transient, f"s3://{self.settings.bucket('artifacts')}/jobs/")
        for kind in ("lake", "artifacts", "logs", "state"):
            self.s3.create_bucket(Bucket=self.settings.bucket(kind))
        self.s3.put_object(Bucket=self.settings.bucket("artifacts"), Key="jobs/time_limit.sh", Body=b"exit 0")
        self.since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()

    def named(self, pipeline):
        return [pipeline, f"manual__{uuid.uuid4().hex[:8]}", self.since]

    def night(self, pipeline="wordcount", settings=None):
        return member(settings or self.settings, *self.named(pipeline))

    def join(self, night, **foundation):
        home = targets.join(night, {**self.given.foundation, **foundation})
        if home.outputs() is None:
            home.built(self.given.transient)
        return home

    def start(self, night):
        return targets.of(night).start(night, self.given)

    def joined(self, pipeline="wordcount"):
        """A member that uses a ready cluster: (run, target, cluster)."""
        night = self.night(pipeline)
        self.join(night)
        place_id = self.start(night)
        until(lambda: targets.of(night).place(place_id).state == PlaceState.READY)
        return night, targets.of(night), place_id

    def submit(self, night, place_id, name, *args):
        specs = [Command(name, ("play", *args))]
        return targets.of(night).submit(night, place_id, specs, (), self.given, independent=False)[name]

    def ended(self, target, place_id, job_id):
        until(lambda: target.job(place_id, job_id).state.ended)
        return target.job(place_id, job_id).state

    def alive(self):
        return [c["Id"] for c in self.emr.list_clusters()["Clusters"] if "TERMINAT" not in c["Status"]["State"]]

    def open(self, night):
        """The run's ledger is open, as of a run at work."""
        ledger.of(night)._mark()
        ledger.of(night).append("job_bronze", "begin", lease=ledger.of(night).lease())

    def process(self, named):
        settings = {k: v for k, v in asdict(self.settings).items() if k in {"name", "poll_seconds", "packs"}}
        words = [json.dumps(settings), json.dumps(named), json.dumps(asdict(self.given))]
        command = [sys.executable, str(MEMBER), *words]
        places = (paths.PLUGINS, paths.ROOT / "pipelines", paths.ROOT)
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
        return subprocess.Popen(command, cwd=paths.ROOT, env=env, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def rig(localcloud):
    return Rig(localcloud)


def test_one_starts_the_cluster_and_the_other_joins_it(rig):
    a, target, place_id = rig.joined()
    b = rig.night("mrhealth_sales")
    assert rig.join(b).context.run == targets.home(a).context.run == "pack_early/000001"
    assert rig.start(b) == place_id == rig.start(a), "a retry adopts as well"
    assert rig.alive() == [place_id]
    tags = {tag["Key"]: tag["Value"] for tag in rig.emr.describe_cluster(ClusterId=place_id)["Cluster"]["Tags"]}
    assert (tags["nightshift:run"], tags["nightshift:pipeline"]) == ("pack_early/000001", "pack_early")
    assert not target.queues


def test_a_failed_step_of_one_stops_no_step_of_the_other(rig):
    a, mine, place_id = rig.joined()
    b, theirs, _ = rig.joined("mrhealth_sales")
    bad = rig.submit(a, place_id, "wordcount", "fail")
    good = rig.submit(b, place_id, "bronze", "ok")
    assert (rig.ended(mine, place_id, bad), rig.ended(theirs, place_id, good)) == (JobState.FAILED, JobState.COMPLETED)
    assert [job.name for job in mine.jobs(place_id)] == ["wordcount"]
    assert [job.name for job in theirs.jobs(place_id)] == ["bronze"]


def test_who_leaves_first_leaves_the_cluster_and_its_own_steps_end(rig):
    a, mine, place_id = rig.joined()
    b, theirs, _ = rig.joined("mrhealth_sales")
    hanging = rig.submit(a, place_id, "wordcount", "hang")
    until(lambda: mine.job(place_id, hanging).state == JobState.RUNNING)
    waiting = rig.submit(b, place_id, "bronze", "ok")

    mine.stop([place_id])
    [seen] = mine.places(a)
    assert (seen.state, seen.words, seen.ended_at is None) == (PlaceState.GONE, "LEFT", False)
    assert rig.ended(theirs, place_id, waiting) == JobState.COMPLETED
    home = targets.home(a)
    assert (home.leave(), home.to_prove()) == ([], [a])
    assert home.why == f"The cluster and its stack are those of pack_early/000001, which {b.run} uses now."
    assert rig.alive() == [place_id]

    theirs.stop([place_id])
    until(lambda: theirs.places(b)[0].state == PlaceState.GONE)
    assert rig.alive() == []
    [pack] = targets.home(b).leave()
    assert pack.run == "pack_early/000001"
    targets.home(b).left()
    assert targets.home(b).to_prove() == [b, pack]
    assert rig.join(rig.night()).context.run == "pack_early/000002", "whoever comes later has a new one"


def test_the_starter_is_killed_after_its_request_and_the_joiner_adopts_the_cluster(rig):
    named = rig.named("wordcount")
    starter = rig.process(named)
    place_id = next(line.strip() for line in starter.stdout if line.startswith("j-"))
    starter.kill()
    starter.wait()

    b = rig.night("mrhealth_sales")
    rig.join(b)
    targets.home(b).change(_turn_is_over)
    assert rig.start(b) == place_id
    assert rig.alive() == [place_id], "no second one was requested"


def _turn_is_over(document, now):
    document["turn"]["until"] = (now - timedelta(seconds=1)).isoformat()


def test_while_another_member_requests_a_cluster_none_is_requested(rig):
    rig.join(a := rig.night())
    rig.join(b := rig.night("mrhealth_sales"))
    seen = []

    def create():
        seen.append(targets.home(b).change(lambda d, now: packs._board(d, now, run=b.run, there=[])))
        return "j-1"

    assert targets.home(a).board(list, create) == "j-1"
    assert seen == [None]


def test_who_would_wait_for_a_dead_builder_opens_the_next_pack(rig):
    a, b = rig.night(), rig.night("mrhealth_sales")
    assert targets.join(a, rig.given.foundation).outputs() is None
    targets.home(a).change(_turn_is_over)
    assert rig.join(b).context.run == "pack_early/000002"
    assert targets.home(a).leave() == [targets.home(a).context], "the first is the builder's to remove"


@pytest.mark.parametrize("order", ["starter", "joiner"])
def test_a_killed_member_is_reaped_and_the_last_one_out_ends_the_cluster(rig, order):
    a, _, place_id = rig.joined()
    b, _, _ = rig.joined("mrhealth_sales")
    dead, live = (a, b) if order == "starter" else (b, a)
    rig.open(live)
    ledger.of(dead)._mark()
    ledger.of(dead).append("job_bronze", "begin", lease="2020-01-01T00:00:00.000+00:00")

    rows = {row.run: row for row in cleanup.reap(rig.settings, "a test").rows}
    assert (rows[dead.run].fate, rows[dead.run].ok) == (Fate.DEAD, True), rows[dead.run].done
    assert rows[live.run].fate == rows["pack_early/000001"].fate == Fate.ALIVE
    assert rows["pack_early/000001"].why == f"{live.run} may use it"
    assert rig.alive() == [place_id], "the live one works on"

    targets.of(live).stop([place_id])
    assert targets.home(live).leave() == [targets.home(live).context]
    until(lambda: rig.alive() == [])


def test_all_are_killed_and_the_reaper_ends_the_cluster(rig):
    nights = [rig.joined()[0], rig.joined("mrhealth_sales")[0]]
    for night in nights:
        ledger.of(night)._mark()
        ledger.of(night).append("job_bronze", "begin", lease="2020-01-01T00:00:00.000+00:00")
    rows = cleanup.reap(rig.settings, "a test").rows
    assert all(row.ok for row in rows), rows
    assert rig.alive() == []
    assert not any(inventory.alive(targets.home(nights[0]).context).values())
    assert cleanup.reap(rig.settings, "a test").rows == []


def test_a_member_that_was_killed_before_it_knew_its_pack_is_no_reason_to_keep_it(rig):
    """It is in the pack's object, but has written no pointer, so its own cleanup cannot leave for it."""
    _, target, place_id = rig.joined()
    ghost = rig.night("mrhealth_sales")
    pack = targets.home(target._pack.member)
    pack.change(lambda d, now: packs._enter(d, now, run=ghost, profile=d["profile"]))
    target.stop([place_id])
    pack.leave()
    rows = {row.run: row for row in cleanup.reap(rig.settings, "a test").rows}
    assert rows == {} or rows["pack_early/000001"].fate == Fate.DEAD
    assert rig.alive() == []


def test_two_want_to_be_last_and_one_is(rig):
    for _ in range(3):
        nights = [rig.night(), rig.night("mrhealth_sales")]
        for night in nights:
            rig.join(night)
            place_id = rig.start(night)
        pack, together = targets.home(nights[0]).context.run, threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(partial(leave, together), nights))
        assert sorted(ends for ends, _ in answers) == [[], [place_id]]
        assert sorted(removes for _, removes in answers) == [[], [pack]]
        until(lambda: rig.alive() == [])


def leave(together, night):
    """What the run must end, and what it must remove."""
    target, home = targets.of(night), targets.home(night)
    together.wait()
    target.stop([])
    ends = [place.id for place in target.places(night) if place.words != "LEFT"]
    return ends, [owner.run for owner in home.leave()]


def test_a_run_that_differs_has_a_cluster_of_its_own_and_is_told_why(rig):
    rig.join(rig.night())
    other = replace(rig.settings, release_label="emr-7.12.0")
    night = rig.night("mrhealth_sales", other)
    home = rig.join(night)
    assert home.context == night
    assert home.why == (
        f"{night.run} has a cluster of its own, not that of the pack early:"
        " its release is emr-7.12.0, the pack's emr-7.13.0."
    )
    assert type(targets.of(night)) is targets.TARGETS["emr"]
    mine = rig.night("mrhealth_sales")
    assert "its subnets is subnet-0" in rig.join(mine, subnet_ids=["subnet-0"]).why


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"keep_cluster": True}, "it keeps its cluster"),
        ({"ssh_cidr": "198.51.100.7/32"}, "it opens SSH to 198.51.100.7/32"),
        ({"compute": "glue"}, "it runs on glue"),
        ({"reference": "database"}, "it reads a database, whose secret only its own nodes may open"),
        ({}, ""),
    ],
)
def test_what_cannot_share(rig, params, why):
    night = rig.night("mrhealth_sales")
    run = from_run(rig.settings, night.pipeline, "r", T0, params)
    assert packs.refusal(run) == why
    would = f"has a cluster of its own, not that of the pack early: {why}"
    assert targets.intent(run) == (
        would if why else "shares the cluster of the pack early while it lives, with wordcount"
    )


def test_a_member_out_of_dollars_starts_nothing_and_a_bounded_step_has_its_time_as_limit(rig):
    a, _, place_id = rig.joined()
    short = replace(a, max_usd=0.5)
    job_id = rig.submit(short, place_id, "wordcount", "ok")
    step = rig.emr.describe_step(ClusterId=place_id, StepId=job_id)["Step"]
    limit, seconds = step["Config"]["Args"][:2]
    assert limit == "timeout"
    assert 60 < int(seconds) < 3600
    with pytest.raises(ComputeError, match="pays for no further start"):
        rig.submit(replace(a, max_usd=0.1), place_id, "other", "ok")


def test_the_shares_of_all_members_are_the_bill(rig):
    a, mine, place_id = rig.joined()
    b, theirs, _ = rig.joined("mrhealth_sales")
    rig.ended(mine, place_id, rig.submit(a, place_id, "wordcount", "ok"))
    mine.stop([place_id])
    theirs.stop([place_id])
    until(lambda: theirs.places(b)[0].state == PlaceState.GONE)
    now = datetime.now(UTC)
    shared = [target.nodes(target.places(night), now) for night, target in ((a, mine), (b, theirs))]
    for one, other in zip(*shared, strict=True):
        assert one.share + other.share == pytest.approx((one.ended_at - one.started_at).total_seconds() / 60, abs=0.01)
    seconds = [target.seconds(target.places(night), now) for night, target in ((a, mine), (b, theirs))]
    place = theirs.place(place_id)
    billed = (place.ended_at - place.created_at).total_seconds()
    assert sum(each["billed"] for each in seconds) == pytest.approx(billed, abs=0.01)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def test_a_working_second_is_its_runs_and_any_other_is_shared_by_those_that_are_there():
    stays = [Span("a", at(0), at(100)), Span("b", at(50), at(200))]
    works = [Span("a", at(60), at(80)), Span("b", at(90), at(150))]
    own = {run: shares.owned(run, stays, works, at(-10), at(220)) for run in "ab"}
    # a: 10 before anybody came, 50 alone, 20 at work, and half of the 20 in which both were idle
    assert own == {"a": 10 + 50 + 20 + 10, "b": 10 + 60 + 50 + 20}
    assert sum(own.values()) == 230


def test_a_share_changes_no_more_when_its_run_has_left():
    stays = [Span("a", at(0), at(100)), Span("b", at(50))]
    later = [*stays, Span("c", at(100), at(400))]
    assert shares.owned("a", stays, [], at(0), at(100)) == shares.owned("a", later, [], at(0), at(100))


@pytest.mark.parametrize(
    ("packs_", "match"),
    [
        (("early",), "early: expected items"),
        (("a=x+y", "b=y+z"), "y twice"),
        (("early=one",), "expected items"),
        (("a=w+x", "a=y+z"), "has the group a twice"),
    ],
)
def test_groups_that_make_no_sense_are_refused(packs_, match):
    with pytest.raises(SettingsError, match=match):
        Settings(packs=packs_)


def test_a_pipeline_in_no_group_reads_and_writes_nothing(rig):
    settings = replace(rig.settings, packs=())
    night = rig.night(settings=settings)
    assert targets.join(night, rig.given.foundation) == targets.home(night)
    assert rig.s3.list_objects_v2(Bucket=settings.bucket("lake")).get("KeyCount") == 0
    assert EmrClient(rig.emr).clusters(night) == []
    assert processes.death(night.conductor) == ""
