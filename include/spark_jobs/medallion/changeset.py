"""Many partitions of silver replaced as one: who reads them sees all of a run's change or nothing of it.

What a run writes lies under a token of its own, `<table>/<token>/day=D`; which token holds for a day says the name of
an empty file, `<table>/_holds/D=<token>`. A run writes its rows, then a log of all that it changes, then these names.
Killed before the log it has changed nothing; what a log says is brought to its end by the next run, whichever date that
is of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from pyspark.sql import DataFrame

from medallion.errors import TakenOver
from medallion.lake import DATED, DAY, Lake
from medallion.parallel import all_of

# Spark passes over names that start with _
_HOLDS, _UNPUBLISHED = "_holds", "_unpublished"
_BEGUN, _LOG, _REPLACED, _CHANGED = "_begun", "_change.json", "_replaced", "_changed.json"
_NOTHING = "-nothing"  # at the end of a token: the day has no rows


class Changeset:
    """The partitions that one run replaces, and those that hold. A table is parted by its column `day`, which is text:
    a date or a month."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._storage = lake, lake.storage
        self._root = f"{lake.run.lake}/silver/{lake.run.pipeline}"
        self._token = f"{lake.run.started_at:%Y%m%dT%H%M%S%f}"
        self._staged: dict[str, dict[str, bool]] = {}
        self._known: dict[str, Mapping[str, str]] = {}
        self._finish()
        self._forget()

    def held(self, table: str) -> Mapping[str, str]:
        """By day the token that holds."""
        if table not in self._known:
            names = self._storage.names(f"{self._root}/{table}/{_HOLDS}")
            # In their order: of a day that a kill left two of, the later one holds.
            self._known[table] = dict(name.rsplit("=", 1) for name in names)
        return self._known[table]

    def known(self, table: str, days: Iterable[str], schema: str) -> DataFrame | None:
        """The rows that some days hold; None when there are none."""
        tokens = [(day, self.held(table).get(day, _NOTHING)) for day in days]
        found = [self._folder(table, token, day) for day, token in tokens if not token.endswith(_NOTHING)]
        return self._lake.run.spark.read.schema(schema).parquet(*found) if found else None

    def read(self, table: str, days: Iterable[str], schema: str) -> DataFrame:
        """The rows that some days hold."""
        rows = self.known(table, days, schema)
        return self._lake.run.spark.createDataFrame([], schema) if rows is None else rows

    def is_published(self, table: str, day: str) -> bool:
        """Whether a gold table has a day."""
        run = self._lake.run
        return self._storage.exists(f"{run.lake}/gold/{run.pipeline}/{table}/{DATED}{day}")

    def stage(self, table: str, frame: DataFrame, days: Sequence[str], schema: str) -> DataFrame:
        """Write what some days of a table are to hold; gives it as it was written."""
        if not self._staged:
            self._storage.write_text(f"{self._root}/{_BEGUN}", self._token)
        by_day = frame.repartition(DAY, "unit_id").write.mode("overwrite").partitionBy(DAY)
        by_day.parquet(f"{self._root}/{table}/{self._token}")
        written = f"{self._root}/{table}/{self._token}"
        there = set(self._storage.names(written))
        self._staged[table] = {day: f"{DAY}={day}" in there for day in days}
        return self._lake.run.spark.read.schema(f"{schema}, {DAY} string").parquet(written).drop(DAY)

    def commit(self, unpublished: Sequence[str]) -> None:
        """Let all that was staged hold from now on. `unpublished`: the days whose gold is no longer what silver says;
        they stay marked until `publish` has brought them. Raises TakenOver when another run has begun since: it took
        this one for dead, and has deleted what it staged."""
        if self._storage.read_text(f"{self._root}/{_BEGUN}") != self._token:
            raise TakenOver(f"changing silver at {self._root}: another run has begun since; run the date again")
        log = {"token": self._token, "days": self._staged, "unpublished": list(unpublished)}
        self._storage.write_text(f"{self._root}/{_LOG}", json.dumps(log))
        self._finish()

    def unpublished(self) -> list[str]:
        """The days whose gold is not what silver says: this run's, and those of runs that were not published. Of a step
        of a backfill its own alone: the others are brought by the steps that changed them."""
        changed = json.loads(self._storage.read_text(f"{self._root}/{_CHANGED}") or "{}")
        if self._lake.run.one_of_many and changed.get("token") == self._token:
            return list(changed["days"])
        return [name.removeprefix(DATED) for name in self._storage.names(f"{self._root}/{_UNPUBLISHED}")]

    def _finish(self) -> None:
        """Do what a log says, if there is one; may run twice. What it replaces is deleted by the next run: Spark may
        still read it to make anew what a lost node had cached."""
        if not (text := self._storage.read_text(f"{self._root}/{_LOG}")):
            return
        log = json.loads(text)
        # Before anything else: what a log names must never be taken for the remains of a run that was killed.
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
        """Delete what the run before replaced, or wrote and was killed before its log."""
        replaced, begun = (self._storage.read_text(f"{self._root}/{name}") for name in (_REPLACED, _BEGUN))
        tables = [name for name in self._storage.names(self._root) if not name.startswith("_")] if begun else []
        for folder in [*replaced.splitlines(), *(f"{self._root}/{table}/{begun}" for table in tables)]:
            self._storage.delete(folder)
        for name in [name for name, text in ((_REPLACED, replaced), (_BEGUN, begun)) if text]:
            self._storage.delete(f"{self._root}/{name}")

    def _folder(self, table: str, token: str, day: str) -> str:
        return f"{self._root}/{table}/{token}/{DAY}={day}"
