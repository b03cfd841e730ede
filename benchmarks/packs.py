"""What one cluster for several pipelines saves, on localcloud's EMR by a clock that jumps.

    PYTHONPATH=plugins .venv/bin/python -m benchmarks.packs [--nights N]

Four pipelines are due at the same moment. They run on four clusters, as they do without a group, and then on one that
they share. The library's own targets start, share, price and stop the clusters through boto3; Airflow is played as in
benchmarks.costs. EMR runs one step at a time, so on the shared cluster the members' steps queue.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.costs import AUDIT, BEGAN, BETWEEN, OUTPUTS, POLL, PROVISIONING, PUBLISH, Clock, Steps, _publish, quotes
from localcloud.emr.seam import StepOutcome, StepRequest
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from localcloud.steps.request import BootstrapRequest
from nightshift.aws import clients, clock
from nightshift.compute import cost, instances, targets
from nightshift.compute.jobs import Command
from nightshift.compute.target import ComputeTarget, Ingredients, ListsNodes, PlaceState, SharesPlaces
from nightshift.config import Settings
from nightshift.pipelines import PIPELINES
from nightshift.report import record
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import run_context

NAMES = tuple(f"due_{letter}" for letter in "abcd")
SHAPES = (3, 10, 30)  # minutes of work of each pipeline
APART = 15.0  # seconds between two runs' requests: terraform, claims and inputs take unequal times
TICK = 5.0  # seconds by which the clock jumps
SETTLED = 0.02  # seconds of this machine in which localcloud's threads follow a jump
NOISE = 0.06
Waits = Iterator[float | Callable[[], bool]]
Wait = tuple[Waits, datetime, Callable[[], bool] | None]  # of a member: the rest, when to look, and at what


class Work(Steps):
    """A runner whose steps end when the clock has passed what their last argument says, in seconds."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.ends: dict[str, datetime] = {}

    def run(self, request: StepRequest) -> StepOutcome:
        if not isinstance(request, BootstrapRequest):
            self.ends[request.step_id] = self._clock.now + timedelta(seconds=float(request.args[-1]))
        return super().run(request)

    def let_go(self) -> None:
        """End the steps whose time is over."""
        for step_id in [step_id for step_id, end in self.ends.items() if end <= self._clock.now]:
            del self.ends[step_id]
            self.end(step_id)


@dataclass(frozen=True)
class Paid:
    """What one run pays: dollars, its seconds of the cluster, and when its gold was there, in seconds."""

    usd: float
    seconds: dict[str, float]
    gold_after: float


class Member:
    """One run, played through its life by the waits that it yields: seconds, or a probe that is polled."""

    def __init__(self, settings: Settings, name: str, clock: Clock, work: float, late: float) -> None:
        pipeline = replace(PIPELINES["mrhealth_sales"], name=name)
        self._run = run_context.from_run(settings, pipeline, f"scheduled__{clock.now:%d}", clock.now, {})
        self._clock, self._began, self._work, self._late = clock, clock.now, work, late
        self.paid: Paid | None = None

    def play(self) -> Waits:
        run, given = self._run, Ingredients(OUTPUTS, OUTPUTS, f"s3://{self._run.settings.bucket('artifacts')}/jobs/")
        yield self._late
        home = targets.join(run, OUTPUTS)
        if home.outputs() is None:
            home.built(OUTPUTS)
        target = targets.of(run)
        place_id = target.start(run, given)
        yield lambda: target.place(place_id).state == PlaceState.READY
        steps = run.pipeline.steps
        specs = [Command(step.name, ("work", f"{self._work / len(steps):.0f}")) for step in steps]
        for batch in [specs] if target.queues else [[spec] for spec in specs]:
            for job_id in target.submit(run, place_id, batch, (), given, independent=False).values():
                yield partial(self._has_ended, target, place_id, job_id)
        yield AUDIT + BETWEEN + PUBLISH + BETWEEN
        gold_after = (self._clock.now - self._began).total_seconds()
        target.stop([place_id])
        yield lambda: target.places(run)[0].state == PlaceState.GONE
        home.leave()
        home.left()
        self.paid = self._bill(target, gold_after)

    @staticmethod
    def _has_ended(target: ComputeTarget, place_id: str, job_id: str) -> bool:
        return target.job(place_id, job_id).state.ended

    def _bill(self, target: ComputeTarget, gold_after: float) -> Paid:
        assert isinstance(target, ListsNodes)
        places, now = target.places(self._run), self._clock.now
        parts = cost.bill(target.nodes(places, now), now, instances.of(self._run.settings))
        facts = RunFacts((), {}, places, target.jobs(places[0].id), ended_at=now)
        seconds = target.seconds(places, now) if isinstance(target, SharesPlaces) else record.seconds(facts)
        return Paid(sum(parts.values()), dict(seconds), gold_after)


def night(cloud: LocalCloud, runner: Work, clock: Clock, members: list[Member]) -> list[Paid]:
    """Play the members together until all have ended."""
    waits: list[Wait] = [(member.play(), clock.now, None) for member in members]
    while waits:
        waits = [left for play, due, probe in waits if (left := _go_on(play, due, probe, clock))]
        clock.now += timedelta(seconds=TICK)
        for _ in range(3):
            cloud.engine.tick()
            time.sleep(SETTLED / 3)
        runner.let_go()
        time.sleep(SETTLED / 3)
    return [member.paid for member in members if member.paid]


def _go_on(play: Waits, due: datetime, probe: Callable[[], bool] | None, clock: Clock) -> Wait | None:
    """The next wait of a member: the same, a later one, None at its end."""
    if clock.now < due:
        return play, due, probe
    if probe and not probe():
        return play, clock.now + timedelta(seconds=POLL), probe
    if probe:
        return play, clock.now + timedelta(seconds=BETWEEN), None
    step = next(play, None)
    if step is None:
        return None
    return (play, clock.now, step) if callable(step) else (play, clock.now + timedelta(seconds=step), None)


def simulated(minutes: int, nights: int, packs: tuple[str, ...]) -> list[Paid]:
    """What the members of so many nights pay."""
    now = Clock()
    runner, chance = Work(now), random.Random(7)
    settings = Settings(name="acme-night", packs=packs)
    clock.now = lambda settings: now.now  # noqa: ARG005 - S3's, which packs are dated by
    with tempfile.TemporaryDirectory(prefix="nightshift-") as home:
        timings = CloudSettings(home=Path(home), port=0, provisioning_seconds=PROVISIONING, termination_seconds=0.0)
        with LocalCloud(timings, runner=runner, clock=now) as cloud:
            os.environ.update(cloud.access.environment("us-east-1"))
            clients.made.cache_clear()
            _publish(settings)
            clients.client(settings, "s3").create_bucket(Bucket=settings.bucket("lake"))
            clients.client(settings, "ec2").meta.events.register("after-call.ec2.DescribeSpotPriceHistory", quotes)
            paid = []
            for number in range(nights):
                now.now = BEGAN + timedelta(days=number)
                work = [minutes * 60 * chance.lognormvariate(0, NOISE) for _ in NAMES]
                each = zip(NAMES, work, strict=True)
                members = [Member(settings, name, now, todo, n * APART) for n, (name, todo) in enumerate(each)]
                paid += night(cloud, runner, now, members)
            clients.made.cache_clear()
            return paid


def row(minutes: int, nights: int) -> str:
    """One line of the table: what four pipelines pay a night, apart and together."""
    apart = simulated(minutes, nights, ())
    shared = simulated(minutes, nights, (f"due={'+'.join(NAMES)}",))
    usd, less = [sum(p.usd for p in paid) / nights for paid in (apart, shared)], _gone(apart, shared)
    gold = [max(p.gold_after for p in paid) / 60 for paid in (apart, shared)]
    start = [sum(p.seconds["start_up"] for p in paid) / nights / 60 for paid in (apart, shared)]
    idle = [sum(p.seconds["idle"] for p in paid) / sum(p.seconds["billed"] for p in paid) for paid in (apart, shared)]
    return (
        f"| {minutes} min | ${usd[0]:.2f} | ${usd[1]:.2f} | {1 - usd[1] / usd[0]:.0%} | {start[0]:.1f} | {start[1]:.1f}"
        f" | {less:.0%} | {idle[0]:.1%} | {idle[1]:.1%} | {gold[0]:.0f} min | {gold[1]:.0f} min |"
    )


def _gone(apart: list[Paid], shared: list[Paid]) -> float:
    before, after = (sum(paid.seconds["start_up"] for paid in each) for each in (apart, shared))
    return 1 - after / before


def main() -> None:
    """Print a Markdown table, a row a size of pipeline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=3, help="of each size (default 3)")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    print(
        "| work of each | apart | shared | saved | start-up, min | shared | gone | idle | shared | last gold | shared |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for minutes in SHAPES:
        print(row(minutes, options.nights), flush=True)


if __name__ == "__main__":
    main()
