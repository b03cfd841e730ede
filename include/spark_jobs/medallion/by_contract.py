"""Layers that follow from a contract alone: bronze and silver of every source, and the staging of gold."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion import csv_text, page, parquet_files
from medallion.arrivals import (
    Block,
    Row,
    bronze_columns,
    bronze_schema,
    no_sender,
    read_files,
    replayed,
    rows_in,
    unread_files,
    whole_file,
    write_bronze,
)
from medallion.drop import drop_root, input_roots
from medallion.errors import NoInputError
from medallion.jdbc import Database, LocatedTable
from medallion.lake import Lake, Product
from medallion.leftovers import refuse_leftover
from medallion.manifest import OTHER_FILES, Manifest, TableCount
from medallion.masks import as_json
from medallion.packing import BOUNDS, Bounds, FileRefused, unpacked
from medallion.parallel import all_of
from medallion.quality import LINEAGE, last_version_wins, tally, together
from medallion.raw import SENDER, TEXT
from medallion.run import Run
from medallion.secret import address
from medallion.typing_rules import clean, judge_rows, rules_of, typed_columns
from nightshift_contract.charset import as_utf8
from nightshift_contract.json_lines import as_csv, is_json_lines
from nightshift_contract.model import PARQUET, Table
from nightshift_contract.reading import contract

LINEAGE_SCHEMA = "source_file string, line bigint, ingested_at timestamp"
# Columns kept beside a row's own until it is accepted: its origin, original text and verdict.
CARRIED = (*LINEAGE, SENDER, "ingested_at", "raw", "raw_encoding", "outcome", "reason", "detail", "warning")
_ENDING = re.compile(r"(\.(csv|tsv|txt|jsonl|ndjson|json|parquet|snappy|gz))+$")


def bronze(run: Run) -> Manifest:
    """The delivered files, or the tables of the pipeline's database -> the rows of each source as they arrived; raises
    NoInputError when there is no file, SourceError. In a replay: judge the rows that were refused before again;
    accepted rows stay."""
    lake, sources = Lake(run), _sources(run)
    if run.replay:
        return lake.manifest("bronze", [replayed(lake, table, no_sender) for table in sources])
    return _of_database(lake, sources) if run.source_secret else _of_files(lake, sources)


def _of_files(lake: Lake, sources: Sequence[Table]) -> Manifest:
    run = lake.run
    root = drop_root(lake.storage, run.input, run.business_date)
    if not (files := lake.storage.files(root)):
        raise NoInputError(
            f"reading the delivery of {run.business_date}: no file at {root}; check whether anything was delivered"
        )
    roots = input_roots(lake.storage, root, run.reference)
    files += [f for other in roots[1:] for f in lake.storage.files(other)]
    lake.fit_spark_to(sum(f.length for f in files))
    texts = tuple(table for table in sources if table.format != PARQUET)
    parsed = partial(rows_of, texts, bounds=run.bounds)
    parquet = parquet_files.among(lake.storage, files) if texts != sources else []
    files = [file for file in files if file not in parquet]
    if parquet:  # the other files by name: Spark would hand these to Python as well
        roots = [parquet_files.as_path(file.uri) for file in files if file.length and not file.hidden]
    rows = unread_files(run, files, parsed, partial(_refused, sources), no_sender)
    rows = rows.unionByName(read_files(run, roots, parsed)) if roots else rows
    of_parquet = [table for table in sources if table not in texts]
    rows = (rows.unionByName(parquet_files.judged(run, of_parquet, parquet, _named)) if parquet else rows).cache()
    counts = tally(rows, [*(table.name for table in sources), OTHER_FILES])
    all_of(partial(write_bronze, lake, rows, table, counts[table.name]) for table in sources)
    lake.replace_quarantine("bronze", rows.where(F.col("table") == OTHER_FILES), counts[OTHER_FILES])
    rows.unpersist()
    return lake.manifest("bronze", [c for c in counts.values() if c.table != OTHER_FILES or c.rows_in])


def _of_database(lake: Lake, sources: Sequence[Table]) -> Manifest:
    """The whole tables, as they are now."""
    run = lake.run
    database = Database(run.spark, address(run.source_secret), run.timezone)
    located = database.tables(sources)
    lake.fit_spark_to(None)  # nobody knows their size before they are read
    all_of(partial(_write_table, lake, database, located[table.name]) for table in sources)
    counts = [lake.read("bronze", table.name, bronze_schema(table)).count() for table in sources]
    return lake.manifest("bronze", [TableCount(t.name, n, n) for t, n in zip(sources, counts, strict=True)])


def _write_table(lake: Lake, database: Database, located: LocatedTable) -> None:
    """A row's line is its number in this read only."""
    rows = database.read(located).withColumns(
        {
            "line": F.monotonically_increasing_id(),
            SENDER: F.lit(None).cast("int"),
            "ingested_at": F.lit(lake.run.started_at),
            "raw": as_json(located.table),
        }
    )
    lake.replace("bronze", located.table.name, rows.select(*bronze_columns(located.table)))


def rows_of(
    sources: Sequence[Table], source_file: str, content: bytes, bounds: Bounds = BOUNDS
) -> Iterator[Row | Block]:
    """The judged rows of one file: CSV or JSON lines, of the source that its header or else its name suggests."""
    try:
        refuse_leftover(source_file, sources)
        text = unpacked(content, bounds)
    except FileRefused as why:
        yield _refused(sources, source_file, why)
        return
    text = as_csv(text) if is_json_lines(text) else text
    table = csv_text.table_of(sources, as_utf8(text)[0]) or _named(sources, source_file)
    if table is None:
        detail = f"{len(content)} bytes whose header and name match no table of the contract"
        yield whole_file(OTHER_FILES, source_file, "unknown_file", detail)
    elif not text.removeprefix(codecs.BOM_UTF8).strip():
        yield whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes without a header")
    else:
        yield from rows_in(table, source_file, text)


def _refused(sources: Sequence[Table], source_file: str, why: FileRefused) -> Row:
    """A row for a file that cannot be read, under the table that its name suggests."""
    named = _named(sources, source_file)
    return whole_file(named.name if named else OTHER_FILES, source_file, why.reason, why.detail)


def _named(sources: Sequence[Table], source_file: str) -> Table | None:
    stem = _ENDING.sub("", source_file.rsplit("/", 1)[-1].lower())
    return next((table for table in sources if fnmatchcase(stem, table.files)), None)


def silver(run: Run) -> Manifest:
    """Rows as they arrived -> typed rows of each source, one a key."""
    lake, sources = Lake(run), _sources(run)
    lake.fit_spark_to(lake.size_of("bronze", [table.name for table in sources]))
    judged = {t.name: _judged(t, lake.read("bronze", t.name, bronze_schema(t))).cache() for t in sources}
    counts = tally(together(judged), judged)
    kept = {t.name: [*(column.name for column in t.columns), *LINEAGE, "ingested_at"] for t in sources}
    all_of(partial(lake.replace_judged, "silver", judged[name], kept[name], counts[name]) for name in judged)
    run.spark.catalog.clearCache()
    return lake.manifest("silver", list(counts.values()))


def _judged(table: Table, arrived: DataFrame) -> DataFrame:
    """Judged rows with typed columns. An unreadable value in a column that is not required is left out with a
    warning."""
    cleaned = clean(arrived.withColumn("raw_encoding", F.lit(TEXT)), table)
    judged = judge_rows(cleaned, rules_of(table), [column for column in table.columns if not column.required])
    rows = judged.select(*typed_columns(table).values(), *CARRIED)
    content = [column.name for column in table.columns if column.name not in table.key]
    return last_version_wins(rows, table.key, content)


def rows(run: Run, source: str) -> DataFrame:
    """The typed rows of a source for this business date, each with its file and line."""
    table = contract(run.pipeline).sources[source]
    return Lake(run).read("silver", source, f"{table.schema}, {LINEAGE_SCHEMA}")


def staged(run: Run, tables: Mapping[str, DataFrame]) -> Manifest:
    """Stage gold: of each frame the columns that its table has in the contract, in their order and types, sorted by its
    key. Their first rows go to the night's page."""
    lake, sources, gold = Lake(run), _sources(run), contract(run.pipeline).gold
    lake.fit_spark_to(lake.size_of("silver", [table.name for table in sources]))
    products = {
        name: Product(
            frame.select(*[F.col(column.name).cast(column.type) for column in gold[name].columns]),
            gold[name].key,
            [F.col(column) for column in gold[name].key],
        )
        for name, frame in tables.items()
    }
    counted = {table.name: rows(run, table.name).count() for table in sources}
    gold_tables = lake.stage(products)
    page.write(lake, gold_tables, dict, lambda _rows: {})
    return lake.manifest("gold", [TableCount(name, n, n) for name, n in counted.items()], gold_tables)


def _sources(run: Run) -> Sequence[Table]:
    return tuple(contract(run.pipeline).sources.values())
