"""Silver's partitions that are replaced as one, whatever kills the run, and whoever takes it for dead."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from medallion.changeset import Changeset
from medallion.errors import TakenOver
from medallion.lake import Lake
from medallion.run import Run
from medallion.storage import Storage

SCHEMA, DAYS = "unit_id int, n int", ["2026-01-01", "2026-01-02"]
RUNS = count()


class Killed(BaseException):
    """The process dies here."""


def begun(spark: Any, root: Path) -> Changeset:
    return Changeset(lake(spark, root))


def lake(spark: Any, root: Path) -> Lake:
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=next(RUNS))
    return Lake(Run(spark, "shop", date(2026, 1, 2), "", None, str(root), "", "", "utf-8", now))


def stage(spark: Any, changes: Changeset, *rows: tuple[str, int]) -> Changeset:
    frame = spark.createDataFrame([(day, 1, n) for day, n in rows], "day string, unit_id int, n int")
    changes.stage("t", frame, DAYS, SCHEMA)
    return changes


def held(spark: Any, root: Path) -> list[int]:
    return sorted(row.n for row in begun(spark, root).read("t", DAYS, SCHEMA).collect())


@pytest.fixture
def root(spark: Any, tmp_path: Path) -> Path:
    stage(spark, begun(spark, tmp_path), (DAYS[0], 1), (DAYS[1], 2)).commit(DAYS[:1])
    return tmp_path


def test_a_day_that_loses_its_rows_holds_none(spark: Any, root: Path) -> None:
    assert held(spark, root) == [1, 2]
    stage(spark, begun(spark, root), (DAYS[1], 3)).commit(DAYS)
    assert held(spark, root) == [3]
    assert Changeset(lake(spark, root)).unpublished() == DAYS


def test_a_step_of_a_backfill_brings_what_it_changed_itself_and_a_night_all_that_is_left(
    spark: Any, root: Path
) -> None:
    part = Lake(replace(lake(spark, root).run, one_of_many=True))
    stage(spark, Changeset(part), (DAYS[1], 3)).commit(DAYS[1:])
    assert Changeset(part).unpublished() == DAYS[1:]
    assert Changeset(Lake(replace(lake(spark, root).run, one_of_many=True))).unpublished() == DAYS, (
        "none of its own yet"
    )


@pytest.mark.parametrize("dies_at", range(13))
def test_a_run_that_dies_within_its_change_has_made_all_of_it_or_nothing(
    spark: Any, root: Path, monkeypatch: Any, dies_at: int
) -> None:
    changes, acts = stage(spark, begun(spark, root), (DAYS[0], 7), (DAYS[1], 8)), count()

    def mortal(act: Any) -> Any:
        def once(self: Storage, *arguments: Any) -> Any:
            if next(acts) == dies_at:
                raise Killed
            return act(self, *arguments)

        return once

    with monkeypatch.context() as patch:
        for name in ("write_text", "delete"):
            patch.setattr(Storage, name, mortal(getattr(Storage, name)))
        with suppress(Killed):
            changes.commit(DAYS)
    assert held(spark, root) == ([1, 2] if dies_at == 0 else [7, 8])
    assert held(spark, root) == ([1, 2] if dies_at == 0 else [7, 8]), "and so says every run after it"


def test_a_run_that_was_taken_for_dead_changes_nothing_any_more(spark: Any, root: Path) -> None:
    slow = stage(spark, begun(spark, root), (DAYS[0], 7), (DAYS[1], 8))
    stage(spark, begun(spark, root), (DAYS[0], 5), (DAYS[1], 6)).commit(DAYS)
    with pytest.raises(TakenOver):
        slow.commit(DAYS)
    assert held(spark, root) == [5, 6]
