"""The window is a copy that a date may read: it says what the summaries say, whatever was written when."""

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions as F

from medallion.changeset import Changeset
from medallion.errors import NoInputError
from medallion.lake import Lake
from medallion.run import Run
from mrhealth_sales.jobs import look_back
from mrhealth_sales.jobs.look_back import KEPT_DAYS, WINDOW_DAYS, Window
from mrhealth_sales.jobs.summaries import PRODUCT_DAYS, SCHEMAS

TODAY = date(2026, 3, 10)
WINDOW = f"{PRODUCT_DAYS}_window"
Sale = tuple[date, int]


class Nights:
    """Nights that know nothing but how many pieces of one product were sold."""

    def __init__(self, spark: Any, root: Path) -> None:
        self._spark, self._root, self._clock = spark, root, count()

    def lake(self, ago: int) -> Lake:
        """The lake as the night of so many days ago sees it."""
        day, lake = TODAY - timedelta(ago), str(self._root)
        now = datetime(2026, 3, 11, tzinfo=UTC) + timedelta(minutes=next(self._clock))
        return Lake(Run(self._spark, "shop", day, "", None, lake, "", "", "utf-8", now))

    def sums(self, ago: int, *sales: Sale) -> None:
        """What silver says of a day, whichever night says it."""
        changes, day = Changeset(self.lake(ago)), str(TODAY - timedelta(ago))
        rows = self._spark.createDataFrame([(on, 1, 1, pieces, None) for on, pieces in sales], SCHEMAS[PRODUCT_DAYS])
        changes.stage(PRODUCT_DAYS, rows.withColumn("day", F.lit(day)), [day], SCHEMAS[PRODUCT_DAYS])
        changes.commit([])

    def looks(self, ago: int) -> list[Sale]:
        """What gold of a night reads, and keeps."""
        window = self.reads(ago)
        look_back.keep(self.lake(ago), PRODUCT_DAYS, window)
        return sorted((row.order_date, row.quantity) for row in window.rows.collect())

    def reads(self, ago: int) -> Window:
        lake = self.lake(ago)
        return look_back.window(lake, Changeset(lake), PRODUCT_DAYS)

    def plays(self, ago: int, *sales: Sale) -> list[Sale]:
        """A whole night; without sales named, as many pieces of its own date as it is days ago."""
        self.sums(ago, *(sales or [self.sale(ago)]))
        return self.looks(ago)

    def sale(self, ago: int) -> Sale:
        return TODAY - timedelta(ago), ago

    def folder(self, table: str, ago: int) -> Path:
        return self._root / "silver" / "shop" / table / f"business_date={TODAY - timedelta(ago)}"

    def windows(self) -> list[int]:
        """How many days ago the windows are that there are."""
        found = (self._root / "silver" / "shop" / WINDOW).iterdir()
        return sorted((TODAY - date.fromisoformat(path.name[-10:])).days for path in found)


@pytest.fixture
def nights(spark: Any, tmp_path: Path) -> Nights:
    return Nights(spark, tmp_path / "lake")


def read(window: Window) -> list[str]:
    """Table and day, as so many days ago, of each folder that is read."""
    folders = sorted({Path(name).parent for name in window.rows.inputFiles()})
    tables = [WINDOW if WINDOW in f.parts else PRODUCT_DAYS for f in folders]
    return sorted(
        f"{t} {(TODAY - date.fromisoformat(f.name[-10:])).days}" for t, f in zip(tables, folders, strict=True)
    )


def test_a_night_reads_the_window_before_it_and_its_own_sums_and_they_tell_all(nights: Nights) -> None:
    for ago in range(6, 1, -1):
        nights.plays(ago)
    told = nights.plays(1)
    assert told == [nights.sale(ago) for ago in range(6, 0, -1)]
    nights.sums(0, nights.sale(0))
    assert read(nights.reads(0)) == ["product_days 0", f"{WINDOW} 1"]
    assert len([*nights.folder(WINDOW, 1).glob("*.parquet")]) == 1
    assert nights.looks(0) == [*told, nights.sale(0)]


def test_what_is_older_than_the_window_is_left_behind(nights: Nights) -> None:
    nights.plays(WINDOW_DAYS + 1)
    nights.plays(WINDOW_DAYS)
    nights.plays(3)
    assert nights.plays(0) == [nights.sale(ago) for ago in (WINDOW_DAYS, 3, 0)]


def test_a_date_that_is_run_again_is_seen_by_those_after_it(nights: Nights) -> None:
    for ago in (4, 3, 2, 1):
        nights.plays(ago)
    corrected = (TODAY - timedelta(3), 300)
    assert nights.plays(3, corrected) == [nights.sale(4), corrected]
    nights.sums(0, nights.sale(0))
    assert read(nights.reads(0)) == ["product_days 0", "product_days 3", f"{WINDOW} 1"]
    assert nights.plays(0) == [nights.sale(4), corrected, *map(nights.sale, (2, 1, 0))]


def test_a_night_that_stopped_after_silver_is_seen_by_those_after_it(nights: Nights) -> None:
    nights.plays(2)
    nights.plays(1)
    corrected = (TODAY - timedelta(1), 100)
    nights.sums(1, corrected)
    assert nights.plays(0) == [nights.sale(2), corrected, nights.sale(0)]


def test_a_date_that_is_written_while_a_later_night_looks_back_is_seen_by_those_after_it(nights: Nights) -> None:
    for ago in (4, 3):
        nights.plays(ago)
    nights.sums(1, nights.sale(1))
    seen = nights.reads(1)
    seen.rows.cache().count()
    corrected = (TODAY - timedelta(3), 300)
    nights.plays(3, corrected)
    look_back.keep(nights.lake(1), PRODUCT_DAYS, seen)
    assert nights.plays(0) == [nights.sale(4), corrected, nights.sale(1), nights.sale(0)]


def test_a_window_that_was_not_written_to_its_end_is_not_read(nights: Nights) -> None:
    nights.plays(2)
    nights.plays(1)
    (nights.folder(WINDOW, 1) / "_made_of.json").unlink()
    for file in nights.folder(WINDOW, 1).glob("*.parquet"):
        file.unlink()
    assert nights.plays(0) == [nights.sale(ago) for ago in (2, 1, 0)]


def test_without_any_window_the_summaries_are_read(nights: Nights) -> None:
    for ago in (2, 1):
        nights.plays(ago)
    shutil.rmtree(nights.folder(WINDOW, 1).parent)
    assert nights.plays(0) == [nights.sale(ago) for ago in (2, 1, 0)]


def test_the_windows_of_a_week_are_kept_for_dates_that_are_run_again(nights: Nights) -> None:
    for ago in range(KEPT_DAYS + 3, -1, -1):
        nights.plays(ago)
    assert nights.windows() == list(range(KEPT_DAYS + 1))


def test_a_date_that_silver_has_not_summed_up_is_refused(nights: Nights) -> None:
    nights.plays(1)
    with pytest.raises(NoInputError, match="reading silver product_days"):
        nights.reads(0)
