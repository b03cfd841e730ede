"""page.json: the figures that a night's page shows, which the gold job writes beside the run's record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from types import MappingProxyType
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.errors import TooMuchRefused
from medallion.figures import FIRST_ROWS, LONGEST_CELL, Record, address, cut, fitted
from medallion.lake import DATED, Lake
from medallion.manifest import GoldTable
from medallion.raw import QUARANTINE_SCHEMA
from medallion.run import Run
from nightshift_contract.masks import hidden
from nightshift_contract.reading import contract

REFUSED_ROWS = 20
MOST_ROWS = 100_000  # of a table that is collected whole
QUARANTINE, PLACE = "quarantine", ("layer", "source_file", "line")
REFUSING = ("bronze", "silver")  # the layers that refuse rows, in their order
_JSON = {"ignoreNullFields": "false", "timestampFormat": "yyyy-MM-dd HH:mm:ss"}


def write(
    lake: Lake,
    staged: Sequence[GoldTable],
    frames: Callable[[], Mapping[str, DataFrame]],
    figures: Callable[[Mapping[str, list[Any]]], Record],
    *,
    needed: Collection[str] = (),
    cached: Mapping[str, DataFrame] = MappingProxyType({}),
) -> None:
    """Write page.json: the first rows of each staged table, and what `figures` makes of the rows of `frames` and of the
    tables that are `needed` whole. Tables of the run's own date alone that are `cached`, in their file's order, are not
    read back. A failure is written there and in the step's log, and fails no night."""
    try:
        own = {t.table: cached[t.table] if t.table in cached else own_rows(lake, t) for t in staged}
        body = _page(lake, staged, {**own, **frames()}, figures, needed)
    except Exception as error:  # noqa: BLE001 - whatever it is, gold is made, and the night goes on without a picture
        problem = f"{type(error).__name__}: {str(error)[:LONGEST_CELL]}"
        sys.stdout.write(f"nightshift-warning: page.json has no figures: {problem}\n")
        body = {"problem": problem}
    _write(lake, body)


@contextmanager
def refusals_of_failure(run: Run, layer: str) -> Iterator[None]:
    """Around a layer: if it stops because too much was refused, the first refused rows are written to page.json. Where
    bronze stops, silver's are of an earlier run of the date."""
    try:
        yield
    except TooMuchRefused:
        lake, layers = Lake(run), REFUSING[:1] if layer == REFUSING[0] else REFUSING
        first = collected(_quarantine(lake, layers)).get(QUARANTINE, [])
        _write(lake, {QUARANTINE: _of_each_reason(lake, first, layers)})
        raise


def _write(lake: Lake, body: Record) -> None:
    head = {"version": 1, "pipeline": lake.run.pipeline, "business_date": str(lake.run.business_date)}
    came = {"input": lake.run.input, "reference": lake.run.reference}
    lake.storage.write_text(address(lake.run.manifests), fitted({**head, **came, **body}))


def _page(
    lake: Lake,
    staged: Sequence[GoldTable],
    frames: Mapping[str, DataFrame],
    figures: Callable[[Mapping[str, list[Any]]], Record],
    needed: Collection[str],
) -> Record:
    large = [table.table for table in staged if not _is_whole(table, needed)]
    whole = {name: frame for name, frame in frames.items() if name not in large}
    rows = collected({**whole, **_quarantine(lake)})
    for table in large:
        rows[table] = [json.loads(row["row"]) for row in _as_json(frames[table]).take(FIRST_ROWS)]
    tables = {table.table: first_rows(lake.run, table, rows[table.table]) for table in staged}
    return {"tables": tables, QUARANTINE: _of_each_reason(lake, rows.pop(QUARANTINE, [])), "figures": figures(rows)}


def _is_whole(table: GoldTable, needed: Collection[str]) -> bool:
    """Whether all rows of a table are collected. Raises ValueError if they are needed and too many."""
    if table.table in needed and table.rows > MOST_ROWS:
        raise ValueError(f"{table.table} has {table.rows} rows, a page sums up at most {MOST_ROWS}")
    return table.rows <= FIRST_ROWS or table.table in needed


def _quarantine(lake: Lake, layers: Sequence[str] = REFUSING) -> dict[str, DataFrame]:
    """The first refused rows of this date; nothing if there are none."""
    refused = _refused(lake, layers)
    return {QUARANTINE: refused.orderBy(*PLACE).limit(REFUSED_ROWS)} if refused else {}


def _of_each_reason(lake: Lake, first: list[Record], layers: Sequence[str] = REFUSING) -> list[Record]:
    """The first refused rows; where there may be more, the first of each table and reason, and then those. Only then is
    the quarantine read a second time."""
    refused = _refused(lake, layers) if len(first) == REFUSED_ROWS else None
    if refused is None:
        return first
    seen = F.min(F.struct("source_file", "line", "detail")).alias("seen")
    kinds = refused.groupBy("table", "layer", "reason").agg(seen)
    one = kinds.select("table", "layer", "seen.source_file", "seen.line", "reason", "seen.detail")
    each = collected({QUARANTINE: one.orderBy(*PLACE).limit(REFUSED_ROWS)})[QUARANTINE]
    chosen = [*each, *(row for row in first if row not in each)][:REFUSED_ROWS]
    return sorted(chosen, key=lambda row: (row["layer"], row["source_file"] or "", row["line"] or 0))


def _refused(lake: Lake, layers: Sequence[str]) -> DataFrame | None:
    """What the layers refused of this date, without its text, which may be personal; None if there is nothing."""
    root, day = f"{lake.run.lake}/quarantine/{lake.run.pipeline}", f"{DATED}{lake.run.business_date}"
    tables = [
        (table, f"{root}/{layer}/{table}/{day}") for layer in layers for table in lake.storage.names(f"{root}/{layer}")
    ]
    read = lake.run.spark.read.schema(QUARANTINE_SCHEMA)
    columns = ("layer", "source_file", "line", "reason", "detail")
    parts = [
        read.parquet(folder).select(F.lit(table).alias("table"), *columns)
        for table, folder in tables
        if lake.storage.exists(folder)
    ]
    return reduce(DataFrame.unionAll, parts) if parts else None


def own_rows(lake: Lake, table: GoldTable) -> DataFrame:
    """The staged rows of the run's own date, in the file's order."""
    schema = contract(lake.run.pipeline).gold[table.table].schema
    folder = f"/{DATED}{lake.run.business_date}" if table.days else ""
    return lake.run.spark.read.schema(schema).parquet(f"{lake.staged(table.table)}{folder}")


def collected(frames: Mapping[str, DataFrame]) -> dict[str, list[Record]]:
    """The rows of some small frames by name, as JSON has them: one Spark job, since each costs more than its rows. One
    task ends it: a task of a union is sent the plans of all its frames."""
    named = [_as_json(frame).withColumn("name", F.lit(name)) for name, frame in frames.items()]
    rows: dict[str, list[Record]] = {name: [] for name in frames}
    for row in reduce(DataFrame.unionAll, named).coalesce(1).collect() if named else ():
        rows[row["name"]].append(json.loads(row["row"]))
    return rows


def _as_json(frame: DataFrame) -> DataFrame:
    return frame.select(F.to_json(F.struct(*frame.columns), _JSON).alias("row"))


def first_rows(run: Run, table: GoldTable, rows: Sequence[Mapping[str, Any]]) -> Record:
    """The first rows of a table for people: personal columns masked, long texts cut."""
    columns = contract(run.pipeline).gold[table.table].columns
    personal = [column.name for column in columns if column.personal]
    return {
        "columns": [column.name for column in columns],
        "masked": personal,
        "rows": [[_cell(row.get(c.name), c.name in personal) for c in columns] for row in rows[:FIRST_ROWS]],
        "total": table.days.get(str(run.business_date), table.rows),
    }


def _cell(value: Any, is_personal: bool) -> Any:
    return cut(hidden(value) if is_personal else value)
