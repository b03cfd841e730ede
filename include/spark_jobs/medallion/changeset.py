"""Replace many silver partitions atomically: a reader sees all of a run's change or none of it.

A run writes its rows under its own token, `<table>/<token>/day=D`. The name of an empty file,
`<table>/_holds/D=<token>`, says which token is valid for a day. A run writes its rows, then a log of all changes, then
these names. A run killed before the log has changed nothing; a change whose log exists is completed by the next run,
for whichever date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from pyspark.sql import DataFrame

from medallion.errors import TakenOver
from medallion.lake import DATED, DAY, Lake
from medallion.parallel import all_of
from medallion.raw import SENDER

# Spark ignores names that start with _
_HOLDS, _UNPUBLISHED = "_holds", "_unpublished"
_BEGUN, _LOG, _REPLACED, _CHANGED = "_begun", "_change.json", "_replaced", "_changed.json"
_NOTHING = "-nothing"  # suffix of a token: the day has no rows


class Changeset:
    """The partitions that one run replaces, and the valid ones. A table is partitioned by its text column `day`: a date
    or a month."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._storage = lake, lake.storage
        self._root = f"{lake.run.lake}/silver/{lake.run.pipeline}"
        self._token = f"{lake.run.started_at:%Y%m%dT%H%M%S%f}"
        self._staged: dict[str, dict[str, bool]] = {}
        self._known: dict[str, Mapping[str, str]] = {}
        self._finish()
        self._forget()

    def held(self, table: str) -> Mapping[str, str]:
        """The valid token of each day."""
        if table not in self._known:
            names = self._storage.names(f"{self._root}/{table}/{_HOLDS}")
            # Sorted: if a kill left two tokens for a day, the later one is valid.
            self._known[table] = dict(name.rsplit("=", 1) for name in names)
        return self._known[table]

    def known(self, table: str, days: Iterable[str], schema: str) -> DataFrame | None:
        """The valid rows of some days; None when there are none."""
        tokens = [(day, self.held(table).get(day, _NOTHING)) for day in days]
        folders = [self._folder(table, token, day) for day, token in tokens if not token.endswith(_NOTHING)]
        return self._lake.run.spark.read.schema(schema).parquet(*folders) if folders else None

    def read(self, table: str, days: Iterable[str], schema: str) -> DataFrame:
        """The valid rows of some days; an empty frame when there are none."""
        rows = self.known(table, days, schema)
        return self._lake.run.spark.createDataFrame([], schema) if rows is None else rows

    def is_published(self, table: str, day: str) -> bool:
        """Whether a gold table has a partition for a day."""
        run = self._lake.run
        return self._storage.exists(f"{run.lake}/gold/{run.pipeline}/{table}/{DATED}{day}")

    def stage(
        self, table: str, frame: DataFrame, days: Sequence[str], schema: str, *, gather: bool = True
    ) -> DataFrame:
        """Write the new rows of some days of a table; returns them as written. `gather`: the rows of a day and sender
        travel to one file; without it each is written where it is, which suits many rows of one day."""
        if not self._staged:
            self._storage.write_text(f"{self._root}/{_BEGUN}", self._token)
        by_day = frame.repartition(DAY, SENDER) if gather else frame
        by_day.write.mode("overwrite").partitionBy(DAY).parquet(f"{self._root}/{table}/{self._token}")
        written = f"{self._root}/{table}/{self._token}"
        there = set(self._storage.names(written))
        self._staged[table] = {day: f"{DAY}={day}" in there for day in days}
        return self._lake.run.spark.read.schema(f"{schema}, {DAY} string").parquet(written).drop(DAY)

    def commit(self, unpublished: Sequence[str]) -> None:
        """Make all that was staged valid. `unpublished`: the days whose gold no longer matches silver; they stay marked
        until `publish` has replaced their gold. Raises TakenOver when another run has begun since: it considered this
        one dead and deleted what it staged."""
        if self._storage.read_text(f"{self._root}/{_BEGUN}") != self._token:
            raise TakenOver(f"changing silver at {self._root}: another run has begun since; run the date again")
        log = {"token": self._token, "days": self._staged, "unpublished": list(unpublished)}
        self._storage.write_text(f"{self._root}/{_LOG}", json.dumps(log))
        self._finish()

    def unpublished(self) -> list[str]:
        """The days whose gold does not match silver: this run's, and those of earlier runs that were not published. For
        a step of a backfill only its own days: the steps that changed the others publish them."""
        changed = json.loads(self._storage.read_text(f"{self._root}/{_CHANGED}") or "{}")
        if self._lake.run.one_of_many and changed.get("token") == self._token:
            return list(changed["days"])
        return [name.removeprefix(DATED) for name in self._storage.names(f"{self._root}/{_UNPUBLISHED}")]

    def _finish(self) -> None:
        """Apply a log, if there is one; may run twice. The next run deletes what this one replaces: Spark may still
        read it to recompute what a lost node had cached."""
        if not (text := self._storage.read_text(f"{self._root}/{_LOG}")):
            return
        log = json.loads(text)
        # First: what a log names must never be mistaken for leftovers of a killed run.
        self._storage.delete(f"{self._root}/{_BEGUN}")
        all_of(partial(self._mark, day) for day in log["unpublished"])
        changed = {"token": log["token"], "days": log["unpublished"]}
        self._storage.write_text(f"{self._root}/{_CHANGED}", json.dumps(changed))
        replaced: list[str] = []
        for table, days in log["days"].items():
            now = {day: log["token"] + ("" if has_rows else _NOTHING) for day, has_rows in days.items()}
            before = {day: token for day, token in self.held(table).items() if now.get(day, token) != token}
            all_of(partial(self._let_hold, table, day, now[day], before.get(day)) for day in days)
            replaced += [self._folder(table, token, day) for day, token in before.items()]
        self._storage.write_text(f"{self._root}/{_REPLACED}", "\n".join(replaced))
        self._storage.delete(f"{self._root}/{_LOG}")
        self._known.clear()

    def _mark(self, day: str) -> None:
        self._storage.write_text(f"{self._root}/{_UNPUBLISHED}/{DATED}{day}", "")

    def _let_hold(self, table: str, day: str, now: str, before: str | None) -> None:
        names = f"{self._root}/{table}/{_HOLDS}"
        self._storage.write_text(f"{names}/{day}={now}", "")
        if before:
            self._storage.delete(f"{names}/{day}={before}")

    def _forget(self) -> None:
        """Delete what the previous run replaced, or what it wrote before it was killed without a log."""
        replaced, begun = (self._storage.read_text(f"{self._root}/{name}") for name in (_REPLACED, _BEGUN))
        tables = [name for name in self._storage.names(self._root) if not name.startswith("_")] if begun else []
        for folder in [*replaced.splitlines(), *(f"{self._root}/{table}/{begun}" for table in tables)]:
            self._storage.delete(folder)
        for name in [name for name, text in ((_REPLACED, replaced), (_BEGUN, begun)) if text]:
            self._storage.delete(f"{self._root}/{name}")

    def _folder(self, table: str, token: str, day: str) -> str:
        return f"{self._root}/{table}/{token}/{DAY}={day}"
