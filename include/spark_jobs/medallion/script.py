"""Runs a user's own spark-submit script, unmodified, in the step's Spark, and stages what it wrote as gold."""

from __future__ import annotations

import linecache
import pkgutil
import runpy
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion import page
from medallion.contract import Table, contract
from medallion.drop import drop_root
from medallion.errors import NoInputError, ScriptFailed
from medallion.lake import Lake, Product
from medallion.manifest import Manifest, TableCount
from medallion.run import Run
from medallion.storage import Storage

FORMATS = {"parquet": "Parquet", "csv": "CSV with a header", "json": "JSON lines"}


def gold(run: Run, script: str, arguments: Sequence[str]) -> Manifest:
    """Run the file `script` of the pipeline's package and stage the tables of the contract from what it wrote below
    {output}. Raises NoInputError when nothing was delivered, and ScriptFailed."""
    lake = Lake(run)
    root = drop_root(lake.storage, run.input, run.business_date)
    if not lake.storage.files(root):
        raise NoInputError(
            f"reading the delivery of {run.business_date}: no file at {root}; check whether anything was delivered"
        )
    if (text := pkgutil.get_data(run.pipeline, script)) is None:
        raise ScriptFailed(f"reading {script} of {run.pipeline}: there is no such file in the jobs' zip")
    output = f"{run.staging}/output"
    lake.storage.delete(output)  # of an earlier try
    values = {"business_date": run.business_date.isoformat(), "input": root, "output": output}
    play(script, text, filled(arguments, values))
    tables = contract(run.pipeline).gold
    frames = {name: written(run.spark, output, table, alone=len(tables) == 1) for name, table in tables.items()}
    staged = lake.stage({name: _product(tables[name], frame) for name, frame in frames.items()})
    page.write(lake, staged, dict, lambda _rows: {})
    return lake.manifest("gold", [TableCount(table.table, table.rows, table.rows) for table in staged], staged)


def filled(arguments: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The arguments with {business_date}, {input} and {output} replaced; other braces stay."""
    done = list(arguments)
    for name, value in values.items():
        done = [argument.replace(f"{{{name}}}", value) for argument in done]
    return done


def play(script: str, text: bytes, arguments: Sequence[str]) -> None:
    """Run a script as the main program, with these arguments, in the running Spark session, which it cannot stop.
    Raises ScriptFailed when it ends with a status other than 0, and whatever the script raises."""
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        path = Path(folder) / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        # A traceback is printed when the file is gone. An entry without a time is never compared with the file.
        linecache.cache[str(path)] = (
            len(text),
            None,
            text.decode(errors="replace").splitlines(keepends=True),
            str(path),
        )
        with _as_main(str(path), arguments), _kept_open():
            try:
                runpy.run_path(str(path), run_name="__main__")
            except SystemExit as end:
                if end.code not in (None, 0):
                    raise ScriptFailed(f"running {script}: it ended with {end.code!r}") from end


@contextmanager
def _as_main(path: str, arguments: Sequence[str]) -> Iterator[None]:
    own_arguments, own_path = sys.argv, [*sys.path]
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(Path(path).parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = own_arguments, own_path


@contextmanager
def _kept_open() -> Iterator[None]:
    """While the block lasts, stop() of a session or context does nothing: what follows the script needs it."""
    stops = SparkSession.stop, SparkContext.stop
    SparkSession.stop = SparkContext.stop = lambda _self: None
    try:
        yield
    finally:
        SparkSession.stop, SparkContext.stop = stops


def written(spark: SparkSession, output: str, table: Table, *, alone: bool) -> DataFrame:
    """What the script wrote of a table: below {output}/<table>, or {output} itself for the only one. Raises
    ScriptFailed when there is nothing that can be read, or a column of the contract is missing."""
    storage = Storage(spark)
    own = f"{output}/{table.name}"
    folder = output if alone and not storage.exists(own) else own
    kind = format_of(storage, folder)
    if kind is None:
        raise ScriptFailed(f"looking for {table.name}: the script wrote no {' or '.join(FORMATS.values())} at {folder}")
    reader = spark.read if kind == "parquet" else spark.read.schema(table.schema).option("header", "true")
    frame = reader.format(kind).load(folder)
    if missing := [column.name for column in table.columns if column.name not in frame.columns]:
        raise ScriptFailed(f"reading {table.name}: what the script wrote lacks {', '.join(missing)} of the contract")
    return frame.select(*[column.name for column in table.columns])


def format_of(storage: Storage, folder: str) -> str | None:
    """The format of the files below a folder by their names; None if there are none of a known one."""
    if not storage.exists(folder):
        return None
    names = [file.name.removesuffix(".gz") for file in storage.files(folder) if not file.hidden]
    return next((kind for kind in FORMATS if any(name.endswith(f".{kind}") for name in names)), None)


def _product(table: Table, frame: DataFrame) -> Product:
    return Product(frame, table.key, [F.col(column) for column in table.key])
