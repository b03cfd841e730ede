"""What reads a lake of years: calls to S3, keys listed and seconds of each, with few recorded runs and with many.

    make bench-years [ARGS="--runs 10 2000"]

The cloud is a localcloud in this process. Four products have a run each day, one of them with the files of fifty
units; the first run of each is reported by the library, and its record is copied to the other days, with gold, bronze
and input beside it. localcloud goes through all keys of a bucket at each listing, which S3 does not: that is what grows
in seconds alone.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from embedded.terminal import pages as local_pages
from localcloud.server import LocalCloud
from localcloud.settings import Settings as CloudSettings
from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.lake import freshness
from nightshift.lake.gaps import GapsHook
from nightshift.lake.storage import GOLD_FILE, LakeHook
from nightshift.operators.preflight import PreflightOperator
from nightshift.pipelines import PIPELINES
from nightshift.reaper import cleanup
from nightshift.report import night_index, products
from nightshift.report.reporter import Reporter
from nightshift.run.run_context import RunContext, from_run
from nightshift.state import ledger, partition_locks
from nightshift.web import pages
from nightshift.web.view import View

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
PRODUCTS = ("wordcount", "mrhealth_sales", "covid_hospitals", "card_movements")
UNITS = 50
DAYS_SEARCHED = 2  # by the backfill: the shortest history has them
KINDS = ("raw", "lake", "artifacts", "logs", "state")


@dataclass
class Spent:
    """What one reader took: calls to S3, keys and prefixes that its listings returned, seconds."""

    calls: int = 0
    keys: int = 0
    seconds: float = 0.0


class Years:
    """A lake with so many recorded runs, and the night after them."""

    def __init__(self, runs: int, folder: Path) -> None:
        self.settings, self.folder = Settings(name=f"years-{uuid.uuid4().hex[:8]}", poll_seconds=0.01), folder
        self._index = night_index.empty(products.all_of_them())
        self._backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for kind in KINDS:
            self.s3.create_bucket(Bucket=self.settings.bucket(kind))
        clients.client(self.settings, "sns").create_topic(Name=f"{self.settings.name}-runs")
        firsts = {name: self._reported(PIPELINES[name], 1) for name in PRODUCTS}
        for number in range(runs):
            name = PRODUCTS[number % len(PRODUCTS)]
            self._copied(firsts[name], self.night(PIPELINES[name], 1 + number // len(PRODUCTS)))
        self._put("lake", night_index.KEY, self._index)

    @cached_property
    def s3(self) -> Any:
        return clients.client(self.settings, "s3")

    def night(self, pipeline: Pipeline, days_ago: int = 0) -> RunContext:
        """The night of a pipeline so many days before the one that is measured."""
        at = NOW - timedelta(days=days_ago)
        return from_run(self.settings, pipeline, f"scheduled__{at.isoformat()}", at, {}, started_at=at)

    def readers(self) -> dict[str, Callable[[], Any]]:
        """What is measured, by name."""
        night = self.night(PIPELINES["mrhealth_sales"])
        lake = LakeHook(self.s3, night)
        return {
            "reaper's pass": lambda: cleanup.reap(self.settings, "bench-years"),
            "freshness of gold": lambda: freshness.stale(self.settings, NOW),
            "preflight": lambda: _preflight(night),
            "gap search of a backfill": lambda: GapsHook(self.s3, night).between(*self._searched),
            "claims released": lambda: partition_locks.release_all(night),
            "replay's look for bronze": lake.has_bronze,
            "index of runs": lambda: night_index.read(self.settings),
            "pages in Airflow": self._pages,
            "report, with its page": lambda: self._reported(night.pipeline, 0),
            "page on disk, with the list of nights": lambda: local_pages.write(*self._on_disk),
        }

    @property
    def _searched(self) -> tuple[date, date]:
        newest = self.night(PIPELINES["mrhealth_sales"], 1).business_date
        return newest - timedelta(days=DAYS_SEARCHED - 1), newest

    @cached_property
    def _on_disk(self) -> tuple[Path, Path]:
        """A kept night's folder, and that of all."""
        kept = sorted(self.folder.glob("*/*/record.json"))
        return kept[-1].parent, self.folder

    def _reported(self, pipeline: Pipeline, days_ago: int) -> dict[str, Any]:
        """Play what a night writes of itself, and report it as the task does."""
        night = self.night(pipeline, days_ago)
        tasks = ("preflight", "publish", "prove_nothing_left")
        for task in tasks:
            with ledger.of(night).act(task, 1) as facts:
                facts.update({"alive": [], "checked": ["clusters"]} if task == tasks[-1] else {})
        for layer in pipeline.layers:
            self._put("lake", f"{night.manifests_prefix}{layer}.json", _manifest(night, layer))
        return Reporter(self.settings, night).report(dict.fromkeys(tasks, "success"), reported_by="report")

    def _copied(self, record: Mapping[str, Any], night: RunContext) -> None:
        """The same run on the day of `night`: its record and ledger, input, bronze and gold."""
        at = night.requested_at.isoformat()
        own = {"run_id": night.run_id, "slug": night.slug, "business_date": str(night.business_date)}
        dated = {**record, **own, "started_at": at, "ended_at": at, "outcome": "success", "failure": None}
        # Before gold: a gap search stops early where gold is older than its input, be it by a second.
        for unit in range(UNITS if night.pipeline.name == "mrhealth_sales" else 1):
            self._put("raw", f"{night.input_prefix}unit_{unit:03d}/file.csv", {})
        for number in range(7):
            self._put("lake", f"{night.record_prefix}entries/{number:06d}.json", {"at": at, "phase": "end"})
        for name in ("index.html", "jobs.json", "page.json", "record.json"):
            self._put("lake", f"{night.record_prefix}{name}", dated)
        for layer in night.pipeline.layers:
            self._put("lake", f"{night.manifests_prefix}{layer}.json", _manifest(night, layer))
        for gold in night.pipeline.gold:
            self._put("lake", f"{night.gold_prefix(gold.name)}{GOLD_FILE}", {})
        for table in ("a", "b"):
            day = f"{night.pipeline.product}/{table}/business_date={night.business_date}"
            self._put("lake", f"bronze/{day}/part.parquet", {})
        self._index = night_index.updated(self._index, dated, night.pipeline.product, self.settings.timezone)
        folder = self.folder / night.run
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps(dated, default=str))

    def _pages(self) -> list[str]:
        index = night_index.read(self.settings) or night_index.empty()
        view = View(index, set(index["nights"]), NOW, 1.0, self.settings.timezone)
        return [str(page(view)) for page in (pages.home, pages.nights, pages.money, pages.alive, pages.products)]

    def _put(self, kind: str, key: str, content: Any) -> None:
        """Put an object straight into the cloud's memory."""
        body = json.dumps(content, default=str).encode()
        self._backend.put_object(self.settings.bucket(kind), key, body, disable_notification=True)


def measured(runs: int, folder: Path) -> dict[str, Spent]:
    """What each reader takes on a lake with so many runs. Call it inside `cloud`."""
    years = Years(runs, folder)
    spent = Spent()
    years.s3.meta.events.register("before-call.s3", lambda **_: setattr(spent, "calls", spent.calls + 1))
    years.s3.meta.events.register(
        "after-call.s3", lambda parsed, **_: setattr(spent, "keys", spent.keys + _listed(parsed))
    )
    found = {}
    for name, read in years.readers().items():
        spent.__dict__ |= {"calls": 0, "keys": 0}
        began = time.perf_counter()
        read()
        found[name] = replace(spent, seconds=time.perf_counter() - began)
    return found


@contextmanager
def cloud() -> Iterator[None]:
    """A localcloud in this process, in whose environment it is."""
    with (
        TemporaryDirectory(prefix="nightshift-cloud-") as home,
        LocalCloud(CloudSettings(Path(home), port=0)) as up,
        patch.dict(os.environ, up.access.environment("us-east-1")),
    ):
        clients.made.cache_clear()
        yield
        clients.made.cache_clear()


def main() -> None:
    """Measure and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 2000], help="recorded runs (default 10 2000)")
    sizes = parser.parse_args().runs
    found = {}
    for runs in sizes:
        with TemporaryDirectory(prefix="nightshift-bench-") as folder, cloud():
            found[runs] = measured(runs, Path(folder))
    print(table(found))


def table(found: Mapping[int, Mapping[str, Spent]]) -> str:
    """The measurements by number of runs, as Markdown."""
    sizes = list(found)
    heads = [f"{what}, {runs:,} runs" for what in ("calls to S3", "keys listed", "seconds") for runs in sizes]
    rows = [_row(name, [found[runs][name] for runs in sizes]) for name in found[sizes[0]]]
    return "\n".join([_line(["what", *heads]), f"|---|{'---:|' * len(heads)}", *rows])


def _row(name: str, spent: Sequence[Spent]) -> str:
    calls, keys = ([f"{getattr(one, field):,}" for one in spent] for field in ("calls", "keys"))
    return _line([name, *calls, *keys, *(f"{one.seconds:.2f}" for one in spent)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _preflight(night: RunContext) -> dict[str, Any]:
    task = PreflightOperator(task_id="preflight", pipeline=night.pipeline, settings=night.settings)
    return task.checked(night)


def _listed(answer: Mapping[str, Any]) -> int:
    return len(answer.get("Contents", ())) + len(answer.get("CommonPrefixes", ()))


def _manifest(night: RunContext, layer: str) -> dict[str, Any]:
    counts = {"table": "a", "rows_in": 9, "accepted": 9, "quarantined": 0, "duplicates": 0, "reasons": {}, "lost": 0}
    gold = [
        {"table": t.name, "path": "s3://", "rows": 9, "schema": t.types, "null_keys": 0, "duplicate_keys": 0}
        for t in (night.pipeline.gold if layer == "gold" else ())
    ]
    return {"layer": layer, "business_date": str(night.business_date), "tables": [counts], "gold": gold}


if __name__ == "__main__":
    main()
