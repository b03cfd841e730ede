"""Whether a night's estimate is right: thirty nights on localcloud's EMR, by a clock that jumps, and their bill.

    PYTHONPATH=plugins .venv/bin/python -m benchmarks.costs [--nights N] [--poll SECONDS]

The clusters are localcloud's, with six to eight minutes of provisioning; the library starts, prices and stops them
through boto3 as on AWS. Only Airflow is played: POLL, BETWEEN, AUDIT and PUBLISH are the time that it takes. The bill
is summed here by itself, second by second of each node, from localcloud's own list; the estimate is what preflight
would have shown before the night.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

from localcloud.emr.seam import StepOutcome, StepRequest
from localcloud.faults import Fault, FaultKind
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from localcloud.steps.request import BootstrapRequest
from nightshift.aws import clients
from nightshift.compute import cost, instances, targets
from nightshift.compute.jobs import Command
from nightshift.compute.target import Ingredients, ListsNodes
from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.pipelines import PIPELINES
from nightshift.report import expected, night_index, record
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import run_context

BEGAN = datetime(2026, 1, 1, 3, tzinfo=UTC)
PREPARED = 60.0  # seconds from the run's begin to its cluster's
PROVISIONING, SPREAD = 420.0, 120  # seconds, from 6 to 8 minutes: 7 in the mean
TERMINATION = 0.0  # seconds; EC2 stops billing a node when it is shutting down
POLL = Settings().poll_seconds
BETWEEN = 5.0  # seconds that Airflow takes from one task to the next
AUDIT, PUBLISH = 5.0, 5.0
PLANNED_SHARE, NOISE, WEEKEND = 1.1, 0.06, 0.9  # the work is a tenth over the plan, varies, and is less on two days
SPOT_SHARE, SPOT_NOISE = 0.38, 0.05  # of the On-Demand price; m5.xlarge
SHAPES = (10, 20, 60)  # planned minutes of work
OUTPUTS = {
    "subnet_ids": [],
    "emr_service_role_arn": "arn:aws:iam::123456789012:role/emr",
    "emr_instance_profile_arn": "emr",
    "security_configuration": "",
    "master_security_group_id": "",
    "worker_security_group_id": "",
    "service_security_group_id": "",
}


class Clock:
    """The time of the simulation."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


class Steps:
    """A runner whose steps end when they are let go."""

    def __init__(self) -> None:
        self._ends: dict[str, threading.Event] = {}

    def run(self, request: StepRequest) -> StepOutcome:
        """Block until `end` names the step; a bootstrap action ends at once."""
        if not isinstance(request, BootstrapRequest):
            self._event(request.step_id).wait()
        return StepOutcome(0, "")

    def end(self, step_id: str) -> None:
        """Let a step end."""
        self._event(step_id).set()

    def kill(self, _cluster_id: str, step_id: str) -> None:
        self.end(step_id)

    def forget(self, _cluster_id: str) -> None: ...

    def close(self) -> None:
        for event in self._ends.values():
            event.set()

    def _event(self, step_id: str) -> threading.Event:
        return self._ends.setdefault(step_id, threading.Event())


@dataclass(frozen=True)
class Night:
    """One night: what it was expected to cost and by what, its bill, what its record measured, its idle share."""

    basis: str
    estimate: float
    bill: float
    measured: float
    idle: float

    @property
    def error(self) -> float:
        return self.estimate / self.bill - 1


class Simulation:
    """Nights of one pipeline, one after the other, on one localcloud."""

    def __init__(self, cloud: LocalCloud, clock: Clock, steps: Steps, settings: Settings, pipeline: Pipeline) -> None:
        self._cloud, self._clock, self._steps = cloud, clock, steps
        self._settings, self._pipeline, self._random = settings, pipeline, random.Random(7)
        self._target = targets.named(settings, settings.compute)
        self._index = night_index.empty()

    def night(self, number: int) -> Night:
        """Play a night a day after the one before."""
        self._clock.now = BEGAN + timedelta(days=number)
        run = run_context.from_run(self._settings, self._pipeline, f"scheduled__{number}", self._clock.now, {})
        plan = expected.planned(
            self._target.estimate(run, self._pipeline.expected_minutes),
            self._pipeline.expected_minutes + cost.PROVISIONING_MINUTES,
        )
        known = self._index["nights"].get(self._pipeline.name, ())
        before = expected.of(known, run.compute, self._target.shape(run), plan)
        self._clock.now += timedelta(seconds=PREPARED)
        place_id = self._play(run, self._work(number))
        places = self._target.places(run)
        assert isinstance(self._target, ListsNodes)
        nodes = self._target.nodes(places, self._clock.now)
        entries = [{"task": "preflight", "phase": "end", "at": self._clock.now.isoformat(), **_priced(before)}]
        facts = RunFacts(
            entries,
            {"preflight": "success"},
            places,
            self._target.jobs(place_id),
            nodes=nodes,
            ended_at=self._clock.now,
        )
        made = {**record.build(run, facts), "outcome": "success"}
        self._index = night_index.updated(self._index, made, self._pipeline.product, self._settings.timezone)
        seconds = made["cost"]["seconds"]
        requests = made["cost"]["parts"][cost.REQUESTS]
        bill = self._bill(place_id) + requests
        return Night(before.basis, before.usd, bill, made["cost"]["measured"], seconds["idle"] / seconds["billed"])

    def _work(self, number: int) -> float:
        """Seconds that the night's steps take together."""
        usual = self._pipeline.expected_minutes * 60 * PLANNED_SHARE
        return usual * (WEEKEND if number % 7 in {5, 6} else 1) * self._random.lognormvariate(0, NOISE)

    def _play(self, run: run_context.RunContext, work: float) -> str:
        made_from = Ingredients(OUTPUTS, OUTPUTS, f"s3://{self._settings.bucket('artifacts')}/jobs/")
        extra = float(self._random.randint(0, SPREAD))  # whole seconds: the clock has microseconds
        self._cloud.faults.add(Fault(FaultKind.SLOW_START, seconds=extra))
        place_id, began = self._target.start(run, made_from), self._clock.now
        self._go(0, partial(self._nodes, place_id))
        self._go(PROVISIONING - SPREAD / 2 + extra, lambda: self._target.place(place_id).ready_at is not None)
        self._until_poll(began)
        names = [step.name for step in self._pipeline.steps]
        commands = [Command(name=name, command=("hold",)) for name in names]
        ids = self._target.submit(run, place_id, commands, (), made_from, independent=False)
        submitted = self._clock.now
        for name in names:
            self._go(0, partial(self._has_begun, place_id, ids[name]))
            self._clock.now += timedelta(seconds=work / len(names))
            self._steps.end(ids[name])
            self._go(0, partial(self._has_ended, place_id, ids[name]))
        self._until_poll(submitted)
        self._clock.now += timedelta(seconds=AUDIT + BETWEEN + PUBLISH + BETWEEN)
        self._target.stop([place_id])
        self._go(TERMINATION, lambda: self._target.place(place_id).ended_at is not None)
        return place_id

    def _nodes(self, place_id: str) -> list[Any]:
        """The cluster's nodes as EMR lists them; none before its launch."""
        nodes: list[Any] = clients.client(self._settings, "emr").list_instances(ClusterId=place_id)["Instances"]
        return nodes

    def _has_begun(self, place_id: str, job_id: str) -> bool:
        return self._target.job(place_id, job_id).started_at is not None

    def _has_ended(self, place_id: str, job_id: str) -> bool:
        return self._target.job(place_id, job_id).state.ended

    def _until_poll(self, since: datetime) -> None:
        """Go on to the next poll of a wait that began at `since`, and to the task after it."""
        waited = (self._clock.now - since).total_seconds()
        self._clock.now += timedelta(seconds=-waited % self._settings.poll_seconds + BETWEEN)

    def _go(self, seconds: float, done: Callable[[], Any]) -> None:
        """Let time pass, and localcloud's threads catch up with it. Raises TimeoutError."""
        self._clock.now += timedelta(seconds=seconds)
        for _ in range(2000):
            self._cloud.engine.tick()
            if done():
                return
            time.sleep(0.005)
        raise TimeoutError(f"localcloud did not get on at {self._clock.now}")

    def _bill(self, place_id: str) -> float:
        """What EC2 and EMR would bill, second by second of each node."""
        table, usd = instances.of(self._settings), 0.0
        for node in self._nodes(place_id):
            times, price = node["Status"]["Timeline"], table.price(node["InstanceType"])
            began = times["CreationDateTime"]
            each = price.emr + cost.disks(node["InstanceType"], table)
            for second in range(round((times["EndDateTime"] - began).total_seconds())):
                is_spot = node["Market"] == "SPOT"
                machine = spot_price(began + timedelta(seconds=second)) if is_spot else price.ec2
                usd += (machine + each) / 3600
        return usd


def _priced(before: expected.Expected) -> dict[str, Any]:
    return {"estimate_usd": before.usd, "expected": before.facts}


def spot_price(moment: datetime) -> float:
    """The Spot price of an m5.xlarge: another one each six hours."""
    return _price_of(int(moment.timestamp() // 21600))


@cache
def _price_of(quarter: int) -> float:
    return round(0.192 * SPOT_SHARE * random.Random(quarter).lognormvariate(0, SPOT_NOISE), 4)


def quotes(parsed: dict[str, Any], **_: Any) -> None:
    """Answer DescribeSpotPriceHistory, of which moto knows one price, with the simulation's."""
    begun = [BEGAN + timedelta(hours=6 * n) for n in range(-1, 4 * 62)]
    rows = [
        {
            "InstanceType": "m5.xlarge",
            "Timestamp": datetime.fromtimestamp(m.timestamp() // 21600 * 21600, UTC),
            "SpotPrice": str(spot_price(m)),
        }
        for m in begun
    ]
    parsed["SpotPriceHistory"] = rows


def _publish(settings: Settings) -> None:
    """Put the bootstrap action where clusters look for it; what an earlier simulation of this process made stays."""
    s3, bucket = clients.client(settings, "s3"), settings.bucket("artifacts")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="jobs/time_limit.sh", Body=settings.time_limit_script.read_bytes())


def simulated(minutes: int, nights: int, poll: float) -> Iterator[Night]:
    """Nights whose plan is so many minutes of work."""
    clock, steps = Clock(), Steps()
    pipeline = replace(PIPELINES["mrhealth_sales"], name="priced", expected_minutes=minutes)
    settings = Settings(name="acme-night", poll_seconds=poll)
    with tempfile.TemporaryDirectory(prefix="nightshift-") as home:
        cloud_settings = CloudSettings(
            home=Path(home), port=0, provisioning_seconds=PROVISIONING - SPREAD / 2, termination_seconds=TERMINATION
        )
        with LocalCloud(cloud_settings, runner=steps, clock=clock) as cloud:
            os.environ.update(cloud.access.environment("us-east-1"))
            clients.made.cache_clear()
            _publish(settings)
            events = clients.client(settings, "ec2").meta.events
            events.register("after-call.ec2.DescribeSpotPriceHistory", quotes)
            simulation = Simulation(cloud, clock, steps, settings, pipeline)
            yield from (simulation.night(number) for number in range(nights))
            clients.made.cache_clear()


def main() -> None:
    """Print a Markdown table, a row a size of night."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=30, help="of each size (default 30)")
    parser.add_argument("--poll", type=float, default=POLL, help=f"NIGHTSHIFT_POLL_SECONDS (default {POLL:g})")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    print("| planned work | bill | estimates, of it | by plan | by nights, median error | largest | record | idle |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for minutes in SHAPES:
        print(row(minutes, list(simulated(minutes, options.nights, options.poll))), flush=True)


def row(minutes: int, played: list[Night]) -> str:
    """One line of the table: sums, then errors of the nights with an estimate by plan and by their own nights."""
    bill, estimate = sum(n.bill for n in played), sum(n.estimate for n in played)
    planned = [n for n in played if n.basis == expected.PLAN]
    own = [abs(n.error) for n in played if n.basis == expected.NIGHTS]
    by_plan = sum(n.estimate for n in planned) / sum(n.bill for n in planned) - 1
    recorded = max(abs(n.measured / n.bill - 1) for n in played)
    idle = sum(n.idle for n in played) / len(played)
    errors = f"{median(own):.1%} | {max(own):.1%}" if own else "- | -"
    return (
        f"| {minutes} min | ${bill:.2f} | {estimate / bill - 1:+.1%} | {by_plan:+.1%} | {errors}"
        f" | {recorded:.2%} | {idle:.1%} |"
    )


if __name__ == "__main__":
    main()
