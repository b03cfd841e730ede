"""What a day costs when the history is long: day 1 and day 57 beside day 400, and beside rebuilding everything.

    .venv/bin/python -m benchmarks.growth [--days 400] [--rounds 5]        (make bench-growth)

A generated chain sells the same amount each day. Every day of the history is really run, bronze to gold, in one Spark
session. Then, in turn: day 1 in an empty lake; day 57, the first whose eight weeks of sums are full (alerts and
forecast look back on them), in a lake of 57 days; the last day again in the full one; and what a pipeline without
partitions by date would do, gold of the whole history out of all of silver. The last day is held against both. What it
needs is what day 57 needs, so whatever comes on top there is growth, and that decides the exit status; beside
day 1 come the eight weeks that it has and day 1 has not. Bytes are those that Hadoop's file systems read
(FileSystem.getAllStatistics); seconds are medians of the rounds, all of the same run.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

JOBS = str(Path(__file__).resolve().parents[1] / "include" / "spark_jobs")
sys.path.insert(0, JOBS)

from pyspark.sql import SparkSession  # noqa: E402 - the jobs are no package: their folder is put on the path

import main as jobs  # noqa: E402
from datagen import Shape, generate_mrhealth  # noqa: E402
from mrhealth_sales import gold, silver  # noqa: E402

FIRST = date(2024, 1, 1)
PIPELINE = "mrhealth_sales"
GOAL = 1.1
LOOKED_BACK = 56  # days of sums that gold reads (include/spark_jobs/mrhealth_sales)
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.pyspark.python": sys.executable,
    "spark.executorEnv.PYTHONPATH": JOBS,
}


@dataclass(frozen=True)
class Cost:
    """What something took: bytes read, seconds."""

    bytes: int
    seconds: float


def main() -> None:
    """Play the history, measure, print the table; exits with 1 when the last day costs more than the goal allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--units", type=int, default=10)
    parser.add_argument("--orders", type=int, default=40, help="of each unit and day")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshift-growth-") as scratch:
        days = [FIRST + timedelta(days=n) for n in range(asked.days)]
        found = Growth(_session(), Path(scratch), days, asked.units, asked.orders).measure(asked.rounds)
    show(found, asked.days)


class Growth:
    """A history in a folder, and what is measured on it."""

    def __init__(self, spark: Any, folder: Path, days: Sequence[date], units: int, orders: int) -> None:
        self._spark, self._folder, self._days = spark, folder, days
        shape = Shape(units=units, first_day=days[0], days=len(days), orders=orders, faults=False)
        self._full = min(LOOKED_BACK + 1, len(days))  # the first day that has all to look back on
        generate_mrhealth(folder / "data", folder / "truth.json", shape)

    def measure(self, rounds: int) -> dict[str, list[Cost]]:
        """The costs of each way, one a round."""
        first, last = self._days[0], self._days[-1]
        for n, day in enumerate(self._days, start=1):
            self._play(day, "lake")
            if n == self._full:
                shutil.copytree(self._folder / "lake", self._folder / "young")
            if n % 20 == 0:
                print(f"  {n} of {len(self._days)} days are in the lake", file=sys.stderr, flush=True)
        ways: dict[str, Callable[[], None]] = {
            "first": lambda: self._play(first, "empty"),
            "full": lambda: self._play(self._days[self._full - 1], "young"),
            "last": lambda: self._play(last, "lake"),
            "rebuild": self._rebuild,
        }
        found: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, act in ways.items():
                shutil.rmtree(self._folder / "empty", ignore_errors=True)
                found[way].append(self._cost(act))
        return found

    def _play(self, day: date, lake: str) -> None:
        """One day, bronze to gold, as a step runs it."""
        data = self._folder / "data"
        arguments = {
            "pipeline": PIPELINE,
            "layers": "bronze,silver,gold",
            "business-date": str(day),
            "input": str(data / "csv_sales"),
            "reference": str(data / "reference_data"),
            "lake": str(self._folder / lake),
            "staging": str(self._folder / "staging"),
        }
        words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        jobs.run_layers(self._spark, jobs.parse(words))

    def _rebuild(self) -> None:
        """Gold of every date out of all of silver: the same transforms, without partitions by business date."""
        tables = {
            table: self._spark.read.schema(silver.SCHEMAS[table]).parquet(
                f"{self._folder}/lake/silver/{PIPELINE}/{table}/business_date=*"
            )
            for table in ("orders", "items")
        }
        for product in (
            gold.sales_by_branch_day(tables["orders"]),
            gold.sales_by_branch_year(tables["orders"]),
            gold.product_sales(tables["items"]),
        ):
            product.frame.write.mode("overwrite").parquet(str(self._folder / "rebuilt"))

    def _cost(self, act: Callable[[], None]) -> Cost:
        before, began = self._read(), time.monotonic()
        act()
        return Cost(self._read() - before, time.monotonic() - began)

    def _read(self) -> int:
        """Bytes that this JVM has read from any file system."""
        every = self._spark.sparkContext._jvm.org.apache.hadoop.fs.FileSystem.getAllStatistics()
        return sum(int(statistics.getBytesRead()) for statistics in every)


def show(found: dict[str, list[Cost]], days: int) -> None:
    """Print the medians with their ratios to day 1 and to the first day that looks back on all, then the goal's."""
    median = {
        way: Cost(int(statistics.median(c.bytes for c in costs)), statistics.median(c.seconds for c in costs))
        for way, costs in found.items()
    }
    full = min(LOOKED_BACK + 1, days)
    titles = {
        "first": "day 1, with nothing to look back on",
        "full": f"day {full}, the first with all that a day looks back on",
        "last": f"day {days}",
        "rebuild": f"gold of {days} days rebuilt",
    }
    print(f"| what | MB read | of day 1 | of day {full} | seconds | of day 1 | of day {full} |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for way, told in titles.items():
        cost, (young, grown) = median[way], (_ratios(median[way], median[then]) for then in ("first", "full"))
        read = f"{cost.bytes / 1e6:.2f} | {young.bytes:.2f} | {grown.bytes:.2f}"
        print(f"| {told} | {read} | {cost.seconds:.2f} | {young.seconds:.2f} | {grown.seconds:.2f} |")
    against = {n: _ratios(median["last"], median[then]) for n, then in ((1, "first"), (full, "full"))}
    for day, ratio in against.items():
        word = "met" if _is_met(ratio) else "missed"
        print(f"Beside day {day}: bytes {ratio.bytes:.2f}, time {ratio.seconds:.2f}; the goal of {GOAL} is {word}.")
    sys.exit(0 if _is_met(against[full]) else 1)


@dataclass(frozen=True)
class Ratio:
    """One cost over another."""

    bytes: float
    seconds: float


def _ratios(cost: Cost, to: Cost) -> Ratio:
    return Ratio(cost.bytes / to.bytes, cost.seconds / to.seconds)


def _is_met(ratio: Ratio) -> bool:
    return max(ratio.bytes, ratio.seconds) <= GOAL


def _session() -> Any:
    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


if __name__ == "__main__":
    main()
