"""What a night costs when the history is long, beside the first night: bytes by table, and seconds.

    .venv/bin/python -m benchmarks.growth [--days 57,100,200,400] [--rounds 5]        (make bench-growth)

A generated chain sells the same amount each day; three units in ten number their orders by UUID. The history is written
in bulk (benchmarks.history), which is compared with real nights first; everything measured is a real night, bronze to
gold, in one Spark session. At each of the given days: as many consecutive nights as rounds, each beside the first night
of an empty lake; after the last day also nights that correct two old orders each. A night that begins a period of the
order index summarises past periods: the most expensive of them is measured as well. Then gold of the whole history out
of all of silver, which is what a pipeline without partitions by date would do.

Bytes are those that the JVM's readers take from files (benchmarks.reads). Figures are medians; the ratio of seconds is
the median of each night's to those of the first night that was played just before it. Exits with 1 if a night at one of
the days reads more bytes or takes longer than GOAL times the first night.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
JOBS = [str(ROOT / "include" / "spark_jobs"), str(ROOT / "pipelines"), str(ROOT / "plugins")]
sys.path[:0] = JOBS

import pyarrow.parquet as pq  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402 - the jobs are no package: their folder is put on the path

import main as jobs  # noqa: E402
from benchmarks import history  # noqa: E402
from benchmarks.reads import Reads  # noqa: E402
from datagen import Shape, generate_mrhealth  # noqa: E402
from medallion.run import Run  # noqa: E402
from mrhealth_sales.jobs import gold, versions  # noqa: E402
from mrhealth_sales.jobs.silver import STATUSES  # noqa: E402

FIRST = date(2024, 1, 1)
PIPELINE = "mrhealth_sales"
GOAL = 1.1
CHECKED = 4  # days that are both run and written in bulk, for comparison
MERGES = date(2024, 9, 10)
CORRECTION = "with two orders of an old day corrected"
CORRECTED = (1, 3)  # units, one with numbers and one with UUIDs
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.pyspark.python": sys.executable,
    "spark.executorEnv.PYTHONPATH": os.pathsep.join(JOBS),
}


@dataclass(frozen=True)
class Cost:
    """What something took: bytes read by table, files opened, seconds, their ratio to those of a first night before it,
    and how many published days it changed."""

    bytes: Counter[str]
    files: int
    seconds: float
    ratio: float = 1.0
    restated: int = 0


def main() -> None:
    """Write the history, measure, print the tables; exits with 1 when a night costs more than the goal allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=lambda text: sorted(map(int, text.split(","))), default=[57, 100, 200, 400])
    parser.add_argument("--units", type=int, default=10)
    parser.add_argument("--orders", type=int, default=40, help="of each unit and day")
    parser.add_argument("--rounds", type=int, default=5)
    requested = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshift-growth-") as scratch:
        chain = Chain(Path(scratch), requested.days[-1] + 2 * requested.rounds, requested.units, requested.orders)
        chain.check()
        measured = Growth(chain, requested.rounds).measure(requested.days)
    show(measured, requested.days)


class Chain:
    """A chain that delivers, and its lakes."""

    def __init__(self, folder: Path, days: int, units: int, orders: int) -> None:
        self._spark, self._folder = _session(), folder
        self._reads = Reads(self._spark)
        shape = Shape(units=units, first_day=FIRST, days=days, orders=orders, faults=False)
        generate_mrhealth(folder / "data", folder / "truth.json", shape)

    def night(self, n: int, lake: str) -> Cost:
        """The night of the n-th day, bronze to gold, as a step runs it, and its publishing."""
        run = self._run(n, lake)
        words = ["--pipeline", PIPELINE, "--layers", "bronze,silver,gold", "--business-date", str(_day(n))]
        for name in ("input", "reference", "lake", "staging"):
            words += [f"--{name}", str(getattr(run, name))]
        manifests = []
        cost = self.cost(lambda: manifests.extend(jobs.run_layers(self._spark, jobs.parse(words))))
        self._publish(Path(run.lake), Path(run.staging))
        restated = {told.day for told in manifests[-1].restated}
        return replace(cost, restated=len(restated))

    def write(self, first: int, last: int, lake: str) -> None:
        """The history of the days from first to last, in bulk."""
        print(f"  writing the history of days {first} to {last} in {lake}", file=sys.stderr, flush=True)
        history.write(self._run(last, lake), [_day(n) for n in range(first, last + 1)], FIRST)

    def check(self) -> None:
        """Raise AssertionError unless history written in bulk is what nights leave: equal rows in all tables that later
        nights read, and a next night that reads the same."""
        for n in range(1, CHECKED + 1):
            self.night(n, "nights")
        self.night(1, "bulk")
        self.write(2, CHECKED, "bulk")
        for table in history.TABLES:
            rows = [self._rows(table, lake) for lake in ("nights", "bulk")]
            assert rows[0] == rows[1], f"{table}: bulk history differs from what nights write"
        after = [self.night(CHECKED + 1, lake) for lake in ("nights", "bulk")]
        read = [_read(cost) for cost in after]
        assert abs(read[0] - read[1]) < 0.01 * read[0], f"the night after reads {after}"
        print(f"Bulk history equals {CHECKED} nights: the next night reads {read[0]:,} and {read[1]:,} bytes.")

    def correct(self, n: int, old: int) -> None:
        """Change the status of an order of an old day in two units, in the delivery of the n-th day."""
        for unit in CORRECTED:
            of_old, of_new = (self._orders_of(day, unit) for day in (old, n))
            line = of_old.read_text(encoding="utf-8").splitlines()[1]
            status = next(word for word in STATUSES if word in line)
            other = next(word for word in STATUSES if word != status)
            with of_new.open("a", encoding="utf-8") as file:
                file.write(line.replace(status, other) + "\n")

    def rebuild(self, lake: str) -> None:
        """Gold of every date out of all of silver: the same transforms, without partitions by business date."""
        tables = {
            table: self._spark.read.schema(schema).parquet(f"{self._folder}/{lake}/silver/{PIPELINE}/{table}/2*/day=*")
            for table, schema in versions.HOLDS.items()
        }
        for product in (
            gold.sales_by_branch_day(tables["current_orders"]),
            gold.sales_by_branch_year(tables["current_orders"]),
            gold.product_sales(tables["current_items"]),
        ):
            product.frame.write.mode("overwrite").parquet(str(self._folder / "rebuilt"))

    def cost(self, act: Callable[[], Any]) -> Cost:
        """What an action takes."""
        self._reads.since()
        began = time.monotonic()
        act()
        seconds = time.monotonic() - began
        read = self._reads.since()
        tables = Counter[str]()
        for path, n in read.items():
            tables[self._table(path)] += n
        return Cost(tables, len(read), seconds)

    def forget(self, lake: str) -> None:
        """Empty a lake."""
        shutil.rmtree(self._folder / lake, ignore_errors=True)

    def _run(self, n: int, lake: str) -> Run:
        data, staging = self._folder / "data", str(self._folder / "staging")
        return Run(
            spark=self._spark,
            pipeline=PIPELINE,
            business_date=_day(n),
            input=str(data / "csv_sales"),
            reference=str(data / "reference_data"),
            lake=str(self._folder / lake),
            staging=staging,
            manifests=f"{staging}/manifests",
            encoding="utf-8",
            started_at=datetime.now(UTC),
        )

    def _publish(self, lake: Path, staging: Path) -> None:
        """What the task `publish` does, without Spark: staged days into gold, and they are no longer marked."""
        for folder in (staging / "gold").glob("*/business_date=*"):
            target = lake / "gold" / PIPELINE / folder.parent.name / folder.name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder, target)
        shutil.rmtree(lake / "silver" / PIPELINE / "_unpublished", ignore_errors=True)
        shutil.rmtree(staging)

    def _rows(self, table: str, lake: str) -> list[tuple[str, str]]:
        """The valid rows of a silver table by partition, without the time at which they were written."""
        root = self._folder / lake / "silver" / PIPELINE / table
        rows = []
        for name in (root / "_holds").iterdir():
            day, token = name.name.split("=")
            for file in (root / token / f"day={day}").glob("*.parquet"):
                for row in pq.ParquetFile(file).read().to_pylist():
                    row.pop("ingested_at", None)
                    rows.append((day, repr(row)))
        return sorted(rows)

    def _orders_of(self, n: int, unit: int) -> Path:
        folder = self._folder / "data" / "csv_sales" / f"{_day(n):%Y/%m/%d}" / f"unit_{unit:03}"
        return next(folder.glob("[pP]*"))

    def _table(self, path: str) -> str:
        """The table that a file belongs to: layer and name; `input` for deliveries."""
        parts = Path(path).relative_to(self._folder).parts
        if parts[0] in ("data", "staging"):
            return parts[0]
        name = parts[3] if parts[1] != "quarantine" else "quarantine"
        return f"{parts[1]} {name}"


class Growth:
    """The measurement: costs by what was measured."""

    def __init__(self, chain: Chain, rounds: int) -> None:
        self._chain, self._rounds = chain, rounds
        self._costs: dict[str, list[Cost]] = {}

    def measure(self, days: Sequence[int]) -> dict[str, list[Cost]]:
        """Everything, in order of days."""
        self._chain.night(1, "lake")
        known = 1
        for day in days:
            for n in (*_merges(known + 1, day), day):
                # The night before is a real one: it makes what bulk history lacks.
                self._chain.write(known + 1, n - 2, "lake")
                self._chain.night(n - 1, "lake")
                title = f"day {n}" if n == day else f"day {n}, summarising 32 periods of the index"
                known = self._nights(title, range(n, n + (self._rounds if n == day else 1)))
        self._corrections(known)
        rebuilding = partial(self._chain.cost, lambda: self._chain.rebuild("lake"))
        self._beside_first(f"gold of {known} days rebuilt", rebuilding)
        return self._costs

    def _nights(self, title: str, nights: Iterable[int]) -> int:
        last = 0
        for last in nights:
            self._beside_first(title, partial(self._chain.night, last, "lake"))
        return last

    def _corrections(self, known: int) -> None:
        for n in range(1, self._rounds + 1):
            self._chain.correct(known + n, n)
            self._nights(CORRECTION, [known + n])

    def _beside_first(self, title: str, act: Callable[[], Cost]) -> None:
        """Note the cost of an action, just after that of a first night."""
        self._chain.forget("empty")
        first = self._chain.night(1, "empty")
        self._note("day 1", first)
        cost = act()
        self._note(title, replace(cost, ratio=cost.seconds / first.seconds))

    def _note(self, title: str, cost: Cost) -> None:
        self._costs.setdefault(title, []).append(cost)
        print(f"  {title}: {_read(cost):,} bytes, {cost.seconds:.2f} s", file=sys.stderr, flush=True)


def _merges(first: int, last: int) -> list[int]:
    """Of the days between two measured ones, the one whose night summarises 32 periods of the order index at once: the
    most within 400 days."""
    return [n for n in range(first + 2, last - 2) if _day(n) == MERGES]


def show(costs: dict[str, list[Cost]], days: Sequence[int]) -> None:
    """Print the medians with their ratios to day 1, and bytes by table; exits with 1 if the goal is missed."""
    median = {title: _median(measured) for title, measured in costs.items()}
    first = median["day 1"]
    print("| what | nights | MB read | of day 1 | files | seconds | of day 1 | days restated |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    ratios = {title: (_read(cost) / _read(first), cost.ratio) for title, cost in median.items()}
    for title, cost in median.items():
        read, took = ratios[title]
        figures = f"{_read(cost) / 1e6:.3f} | {read:.2f} | {cost.files} | {cost.seconds:.2f} | {took:.2f}"
        print(f"| {title} | {len(costs[title])} | {figures} | {cost.restated} |")
    columns = [
        *dict.fromkeys(["day 1", f"day {days[0]}", f"day {days[-1]}"]),
        "with two orders of an old day corrected",
    ]
    print(f"\n| kB read of | {' | '.join(columns)} |")
    print(f"|---|{'---:|' * len(columns)}")
    tables = sorted({table for title in columns for table in median[title].bytes})
    for table in tables:
        print(f"| {table} | {' | '.join(f'{median[title].bytes[table] / 1e3:.1f}' for title in columns)} |")
    is_met = max(max(ratios[f"day {day}"]) for day in days) <= GOAL
    print(f"\nThe goal of {GOAL} is {'met' if is_met else 'missed'}.")
    sys.exit(0 if is_met else 1)


def _read(cost: Cost) -> int:
    return sum(cost.bytes.values())


def _median(costs: Sequence[Cost]) -> Cost:
    tables = {table for cost in costs for table in cost.bytes}
    read = Counter({table: int(statistics.median(cost.bytes[table] for cost in costs)) for table in tables})
    names = ("files", "seconds", "ratio", "restated")
    files, seconds, ratio, restated = (statistics.median(getattr(cost, name) for cost in costs) for name in names)
    return Cost(read, int(files), seconds, ratio, int(restated))


def _day(n: int) -> date:
    return FIRST + timedelta(days=n - 1)


def _session() -> Any:
    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


if __name__ == "__main__":
    main()
