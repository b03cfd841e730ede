"""Runs a user's own spark-submit scripts and SQL, unmodified, in the step's Spark; stages what they wrote as gold."""

from __future__ import annotations

import linecache
import pkgutil
import runpy
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyspark import SparkContext, SparkFiles
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion import page, sql_file
from medallion.drop import drop_root
from medallion.errors import NoInputError, ScriptFailed
from medallion.lake import Lake, Product
from medallion.manifest import Manifest, TableCount
from medallion.run import Run
from medallion.storage import Storage
from nightshift_contract.model import Table
from nightshift_contract.reading import contract

FORMATS = {"parquet": "Parquet", "csv": "CSV with a header", "json": "JSON lines"}
SQL = ".sql"


@dataclass(frozen=True)
class Script:
    """A file of the pipeline's package: its name in it, its content and, of Python, its arguments."""

    name: str
    text: bytes
    arguments: Sequence[str] = ()


def gold(
    run: Run,
    script: str,
    arguments: Sequence[str],
    *further: tuple[str, Sequence[str]],
    modules: Sequence[str] = (),
) -> Manifest:
    """Run the file `script` of the pipeline's package, then `further` ones with their arguments, and stage the tables
    of the contract from what they wrote below {output}. They may import `modules`, files (.py, .zip) of the package.
    Raises NoInputError when nothing was delivered, and ScriptFailed."""
    lake = Lake(run)
    root = drop_root(lake.storage, run.input, run.business_date)
    if not lake.storage.files(root):
        raise NoInputError(
            f"reading the delivery of {run.business_date}: no file at {root}; check whether anything was delivered"
        )
    output = f"{run.staging}/output"
    lake.storage.delete(output)  # of an earlier try
    values = {"business_date": run.business_date.isoformat(), "input": root, "output": output}
    scripts = [Script(name, _text(run, name), words) for name, words in ((script, arguments), *further)]
    play(run.spark, scripts, {name: _text(run, name) for name in modules}, values)
    tables = contract(run.pipeline).gold
    frames = {name: written(run.spark, output, table, alone=len(tables) == 1) for name, table in tables.items()}
    staged = lake.stage({name: _product(tables[name], frame) for name, frame in frames.items()})
    page.write(lake, staged, dict, lambda _rows: {})
    return lake.manifest("gold", [TableCount(table.table, table.rows, table.rows) for table in staged], staged)


def _text(run: Run, name: str) -> bytes:
    """A file of the pipeline's package. Raises ScriptFailed."""
    if (text := pkgutil.get_data(run.pipeline, name)) is None:
        raise ScriptFailed(f"reading {name} of {run.pipeline}: there is no such file in the jobs' zip")
    return text


def filled(arguments: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The arguments with {business_date}, {input} and {output} replaced; other braces stay."""
    done = list(arguments)
    for name, value in values.items():
        done = [argument.replace(f"{{{name}}}", value) for argument in done]
    return done


def play(
    spark: SparkSession, scripts: Sequence[Script], modules: Mapping[str, bytes], values: Mapping[str, str]
) -> None:
    """Run scripts one after the other in the running Spark session, which they cannot stop: Python as the main program,
    x.sql statement by statement, the rows of a query at its end to {output}/x. `modules` can be imported, in Spark's
    workers too. Raises ScriptFailed when one ends with a status other than 0 or Spark refuses its SQL, and whatever a
    script raises."""
    for name, content in modules.items():
        # Executors that start later fetch it too, so it lies in Spark's own folder, as long as the session.
        kept = _placed(Path(SparkFiles.getRootDirectory()) / "modules", Path(name).name, content)
        spark.sparkContext.addPyFile(str(kept))
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        for script in scripts:
            if script.name.endswith(SQL):
                text = filled([script.text.decode("utf-8-sig")], values)[0]
                sql_file.run(spark, script.name, text, f"{values['output']}/{Path(script.name).stem}")
            else:
                _run_main(_placed(Path(folder), script.name, script.text), script, filled(script.arguments, values))


def _placed(folder: Path, name: str, content: bytes) -> Path:
    """A file of the package, written into a folder of the step's."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _run_main(path: Path, script: Script, arguments: Sequence[str]) -> None:
    """Run a Python file as the main program. Raises ScriptFailed, and whatever it raises."""
    # A traceback is printed when the file is gone. An entry without a time is never compared with the file.
    lines = script.text.decode(errors="replace").splitlines(keepends=True)
    linecache.cache[str(path)] = (len(script.text), None, lines, str(path))
    with _as_main(str(path), arguments), _kept_open():
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            if end.code not in (None, 0):
                raise ScriptFailed(f"running {script.name}: it ended with {end.code!r}") from end


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
