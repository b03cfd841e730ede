"""The order index: any key of any past delivery is found, and a lookup does not read the history."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.lake import DAY, Lake
from medallion.run import Run
from medallion.storage import Storage
from mrhealth_sales.jobs import index_segments
from mrhealth_sales.jobs.index_segments import SEGMENTS
from mrhealth_sales.jobs.order_index import INDEX, SCHEMA, OrderIndex, entries

NUMBERED, RANDOM, MIXED = 1, 2, 3  # units: how they number their orders
PER_DAY = 20
RUNS = count()
Keys = Sequence[tuple[int, str]]


def keys_of(day: date) -> Keys:
    """A day's orders of all units: consecutive numbers, UUIDs, and numbers beside a text."""
    rng, first = Random(day.toordinal()), day.toordinal() * PER_DAY
    numbers = [str(first + n) for n in range(PER_DAY)]
    uuids = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(PER_DAY)]
    own = {NUMBERED: numbers, RANDOM: uuids, MIXED: [numbers[0], f"BALCAO-{first}"]}
    return [(unit, order) for unit, orders in own.items() for order in orders]


def first_of(months: int) -> date:
    """The first day of a month, counted from the start of 2023."""
    return date(2023 + months // 12, months % 12 + 1, 1)


def history(months: int) -> dict[date, Keys]:
    """Two days of each month."""
    days = [first_of(n).replace(day=day) for n in range(months) for day in (3, 17)]
    return {day: keys_of(day) for day in days}


def opened(spark: Any, root: Path, day: date) -> tuple[OrderIndex, Changeset]:
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=next(RUNS))
    lake = Lake(Run(spark, "mrhealth_sales", day, "", None, str(root), "", "", "utf-8", now))
    changes = Changeset(lake)
    return OrderIndex(lake, changes), changes


def frame(spark: Any, keys: Keys) -> Any:
    return spark.createDataFrame(list(keys), "unit_id int, order_id string")


def write(spark: Any, root: Path, days: Mapping[date, Keys], characters: int = 9) -> None:
    """The index of these days as their runs write it, in one change. `characters` of a date name its partition."""
    _, changes = opened(spark, root, max(days))
    rows = [(day, unit, order) for day, keys in days.items() for unit, order in keys]
    index = entries(spark.createDataFrame(rows, "business_date date, unit_id int, order_id string"))
    by_period = index.withColumn(DAY, F.substring(F.col("business_date").cast("string"), 1, characters))
    changes.stage(INDEX, by_period, sorted({str(day)[:characters] for day in days}), SCHEMA)
    changes.commit([])


def dates_of(spark: Any, root: Path, day: date, keys: Keys) -> list[str]:
    """The other dates that may contain these keys, for a run of a day."""
    return opened(spark, root, day)[0].dates_of(frame(spark, keys))


def run(spark: Any, root: Path, day: date, keys: Keys) -> None:
    """A run of a day: it looks its keys up and keeps them."""
    index, changes = opened(spark, root, day)
    index.dates_of(frame(spark, keys))
    index.keep(frame(spark, keys))
    changes.commit([])


def bytes_read(spark: Any) -> int:
    every = spark.sparkContext._jvm.org.apache.hadoop.fs.FileSystem.getAllStatistics()
    return sum(int(statistics.getBytesRead()) for statistics in every)


TONIGHT = first_of(7)


@pytest.fixture(scope="module")
def long_history(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of seven months, without segments. It is an existing lake: the first five are partitions by month."""
    root, days = tmp_path_factory.mktemp("long"), history(7)
    old = {day: keys for day, keys in days.items() if day < first_of(5)}
    write(spark, root, old, characters=7)
    write(spark, root, {day: keys for day, keys in days.items() if day not in old})
    return root


@pytest.fixture
def root(long_history: Path, tmp_path: Path) -> Path:
    return shutil.copytree(long_history, tmp_path / "lake")


def test_a_lookup_reads_the_same_after_two_years_as_after_three_months(spark: Any, tmp_path: Path) -> None:
    read = {}
    for months in (3, 24):
        root, tonight = tmp_path / str(months), first_of(months)
        write(spark, root, history(months))
        assert dates_of(spark, root, tonight, keys_of(tonight)) == []
        before = bytes_read(spark)
        assert dates_of(spark, root, tonight, keys_of(tonight)) == []
        read[months] = bytes_read(spark) - before
    assert read[24] < 2 * read[3], read


@pytest.mark.parametrize(
    ("name", "value"),
    [("MOST_KEYS", 10_000), ("MOST_KEYS", 1), ("_buckets", lambda _: 1), ("_KEYS_A_BUCKET", 4), ("MOST_ENTRIES", 9)],
    ids=["usual", "more keys than are looked up singly", "every bucket overflows", "some buckets overflow", "no table"],
)
def test_each_key_is_found_on_its_date(
    spark: Any, root: Path, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_segments, name, value)
    assert_found(spark, root)


def test_each_key_is_found_in_a_table_of_several_files(spark: Any, root: Path) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    try:
        dates_of(spark, root, TONIGHT, keys_of(TONIGHT))
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "1")
    files = [file for file in segments(root).glob("*/keys/part-*") if file.stat().st_size]
    assert len(files) > len(list(segments(root).iterdir()))
    assert_found(spark, root)


def test_a_segment_of_a_killed_run_does_not_count(spark: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dies = ["write_text"]
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write_text", lambda *_: dies.pop())
        with pytest.raises(IndexError):
            dates_of(spark, root, TONIGHT, keys_of(TONIGHT))
    [killed, *_] = [folder for folder in segments(root).iterdir() if not (folder / "_summary.json").exists()]
    assert_found(spark, root)
    assert not killed.exists()


def segments(root: Path) -> Path:
    return root / "silver" / "mrhealth_sales" / SEGMENTS


def assert_found(spark: Any, root: Path) -> None:
    """A key of each unit, of dates in three segments, each among the keys of a night."""
    days = first_of(0).replace(day=3), first_of(5).replace(day=17), first_of(6).replace(day=3)
    for day, unit in zip(days, (RANDOM, NUMBERED, MIXED), strict=True):
        own = [key for key in keys_of(day) if key[0] == unit]
        assert dates_of(spark, root, TONIGHT, [own[-1], *keys_of(TONIGHT)]) == [str(day)], (day, unit)


def test_a_date_that_is_run_again_is_found_by_its_new_keys_from_either_side(spark: Any, root: Path) -> None:
    old = first_of(2).replace(day=3)
    run(spark, root, TONIGHT, keys_of(TONIGHT))
    new = [(RANDOM, "0e4c6a4e-8f0c-4a0e-9d5b-2f1f6f0c9b11"), (NUMBERED, "5")]
    run(spark, root, old, [*keys_of(old), *new])
    for key in new:
        assert dates_of(spark, root, first_of(1), [key]) == [str(old)]
        assert dates_of(spark, root, TONIGHT, [key]) == [str(old)]
    other = first_of(2).replace(day=17)
    assert dates_of(spark, root, TONIGHT, [keys_of(other)[0]]) == [str(other)]


def test_segments_are_at_most_as_many_as_the_number_of_periods_has_binary_digits(spark: Any, root: Path) -> None:
    """And those that they replace are deleted."""
    nine, ten = ["2023-01", "2023-07-1"], ["2023-01", "2023-07-1"]
    for night, first in ((TONIGHT, nine), (TONIGHT.replace(day=2), nine), (TONIGHT.replace(day=12), ten)):
        run(spark, root, night, keys_of(night))
        assert sorted(segment.name.split("-", 1)[1] for segment in segments(root).iterdir()) == first
    assert dates_of(spark, root, first_of(8), [keys_of(TONIGHT)[0]]) == [str(TONIGHT)]
