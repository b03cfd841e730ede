"""What a day costs when the history is long: day 1 beside day 400, and beside rebuilding everything.

    .venv/bin/python -m benchmarks.growth [--days 400] [--rounds 5]        (make bench-growth)

A generated chain sells the same amount each day. Every day of the history is really run, bronze to gold, in one Spark
session. Then, in turn: day 1 in an empty lake; the last day again in the full one; and what a pipeline without
partitions by date would do, gold of the whole history out of all of silver. Exits with 1 if the last day reads more
bytes or takes longer than GOAL times day 1. Bytes are those that Hadoop's file systems read
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
from mrhealth_sales import gold, versions  # noqa: E402

FIRST = date(2024, 1, 1)
PIPELINE = "mrhealth_sales"
GOAL = 1.1
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
        generate_mrhealth(folder / "data", folder / "truth.json", shape)

    def measure(self, rounds: int) -> dict[str, list[Cost]]:
        """The costs of each way, one a round."""
        first, last = self._days[0], self._days[-1]
        for n, day in enumerate(self._days, start=1):
            self._play(day, "lake")
            if n % 20 == 0:
                print(f"  {n} of {len(self._days)} days are in the lake", file=sys.stderr, flush=True)
        ways: dict[str, Callable[[], None]] = {
            "first": lambda: self._play(first, "empty"),
            "last": lambda: self._play(last, "lake"),
            "corrected": self._correct,
            "rebuild": self._rebuild,
        }
        found: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, act in ways.items():
                shutil.rmtree(self._folder / "empty", ignore_errors=True)
                found[way].append(self._cost(act))
                if way == "corrected":  # the round after it is to meet a day without a correction
                    self._play(last, "lake")
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
        self._publish(self._folder / lake)

    def _publish(self, lake: Path) -> None:
        """What the task `publish` does, without Spark: staged days into gold, and they are no longer marked."""
        for folder in (self._folder / "staging" / "gold").glob("*/business_date=*"):
            target = lake / "gold" / PIPELINE / folder.parent.name / folder.name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder, target)
        shutil.rmtree(lake / "silver" / PIPELINE / "_unpublished", ignore_errors=True)

    def _correct(self) -> None:
        """The last day once more, with an order of the first day that is worth something else now."""
        first, last = self._days[0], self._days[-1]
        of_first, of_last = (
            next((self._folder / "data" / "csv_sales" / f"{d:%Y/%m/%d}").glob("*1/[pP]*")) for d in (first, last)
        )
        before = of_last.read_text(encoding="utf-8")
        of_last.write_text(before + of_first.read_text(encoding="utf-8").splitlines()[1] + "\n", encoding="utf-8")
        self._play(last, "lake")
        of_last.write_text(before, encoding="utf-8")

    def _rebuild(self) -> None:
        """Gold of every date out of all of silver: the same transforms, without partitions by business date."""
        tables = {
            table: self._spark.read.schema(schema).parquet(f"{self._folder}/lake/silver/{PIPELINE}/{table}/2*/day=*")
            for table, schema in versions.HOLDS.items()
        }
        for product in (
            gold.sales_by_branch_day(tables["current_orders"]),
            gold.sales_by_branch_year(tables["current_orders"]),
            gold.product_sales(tables["current_items"]),
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
    """Print the medians with their ratios to day 1, then whether the goal is met; exits with 1 if not."""
    median = {
        way: Cost(int(statistics.median(c.bytes for c in costs)), statistics.median(c.seconds for c in costs))
        for way, costs in found.items()
    }
    first, last = median["first"], median["last"]
    titles = {
        "first": "day 1",
        "last": f"day {days}",
        "corrected": "with an order of day 1 corrected",
        "rebuild": f"gold of {days} days rebuilt",
    }
    print("| what | MB read | of day 1 | seconds | of day 1 |")
    print("|---|---:|---:|---:|---:|")
    for way, told in titles.items():
        cost = median[way]
        read, took = cost.bytes / first.bytes, cost.seconds / first.seconds
        print(f"| {told} | {cost.bytes / 1e6:.2f} | {read:.2f} | {cost.seconds:.2f} | {took:.2f} |")
    is_met = max(last.bytes / first.bytes, last.seconds / first.seconds) <= GOAL
    print(f"The goal of {GOAL} is {'met' if is_met else 'missed'}.")
    sys.exit(0 if is_met else 1)


def _session() -> Any:
    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


if __name__ == "__main__":
    main()
