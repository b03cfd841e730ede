"""What a day costs when the history is long: day 1 and day 57 beside day 400, and beside rebuilding everything.

    .venv/bin/python -m benchmarks.growth [--days 400] [--rounds 5]        (make bench-growth)

A generated chain sells the same amount each day. Every day of the history is really run, bronze to gold, in one Spark
session. Then, in turn: day 1 in an empty lake; day 57, the first whose eight weeks of sums are full (alerts and
forecast look back on them), in a lake of 57 days; the last day again in the full one; and what a pipeline without
partitions by date would do, gold of the whole history out of all of silver. The goal is for the last day beside day 57:
what a day needs is the same for both, so whatever comes on top is growth. Bytes are those that Hadoop's file systems
read (FileSystem.getAllStatistics); seconds are medians of the rounds, all of the same run.
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
    """Play the history, measure, print the table; exits with 1 when a goal is missed."""
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
    """Print the medians with their ratios to the first day that looks back on all."""
    median = {
        way: Cost(int(statistics.median(c.bytes for c in costs)), statistics.median(c.seconds for c in costs))
        for way, costs in found.items()
    }
    full = median["full"]
    titles = {
        "first": "day 1, with nothing to look back on",
        "full": f"day {min(LOOKED_BACK + 1, days)}, the first with all that a day looks back on",
        "last": f"day {days}",
        "rebuild": f"gold of {days} days rebuilt",
    }
    print("| what | MB read | to the second | seconds | to the second |\n|---|---:|---:|---:|---:|")
    for way, told in titles.items():
        cost = median[way]
        ratios = cost.bytes / full.bytes, cost.seconds / full.seconds
        print(f"| {told} | {cost.bytes / 1e6:.2f} | {ratios[0]:.2f} | {cost.seconds:.2f} | {ratios[1]:.2f} |")
    last = median["last"]
    missed = [
        f"{name} grew {now / then:.2f}-fold"
        for name, now, then in (("bytes", last.bytes, full.bytes), ("time", last.seconds, full.seconds))
        if now > GOAL * then
    ]
    sys.exit(f"Goal of at most {GOAL} missed: {', '.join(missed)}." if missed else 0)


def _session() -> Any:
    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


if __name__ == "__main__":
    main()
