"""Runs a user's scripts here, on the sample and on made-up rows, and describes the tables that they write."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import copy
from typing import Any

from embedded.new import personal
from embedded.new.proposal import key_of
from localcloud.jars import here
from nightshift.failures import steplog
from nightshift_contract.model import Column
from tools import paths, toolchain
from tools.errors import InputRefused

MOST_ROWS = 1000
MOST_LINES, MOST_FRAMES, MOST_ERROR = 12, 3, 5  # shown of a script that failed
SPARK_LOGS = re.compile(r"[0-9/]{8} [0-9:]{8} (WARN|INFO)\b|Setting default log level|To adjust logging level")
# What no argument helps against.
OF_THE_CODE = re.compile(r"(Syntax|Indentation|Tab|Import|ModuleNotFound|Name|UnboundLocal)Error\b")
HINT = 'If it takes them by name, say so, with its own names: --args "--in {input} --out {output}".'
SQL_HINT = (
    "SQL may use {{input}}, {{output}} and {{business_date}}: read files by CREATE TEMPORARY VIEW v USING csv OPTIONS"
    " (path '{{input}}', header 'true'); the rows of a SELECT at the end of {name} go to {{output}}/{stem}."
)
SQL, OF_SQL = ".sql", re.compile(r"running (?P<name>.+\.sql), statement \d+ ")
LOCAL = {
    "spark.master": "local[1]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.authenticate": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
}


@dataclass(frozen=True)
class Written:
    """A table that the script wrote: its columns' types by name, its key, the kind of each personal column.

    format: of its files. is_key: whether no two of its rows share the key, and each has it.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    personal: dict[str, str]
    format: str = "parquet"
    is_key: bool = True


@dataclass(frozen=True)
class Own:
    """A user's own files: scripts in order, each with its arguments; modules that they import; jars for Spark."""

    scripts: Sequence[tuple[Path, Sequence[str]]]
    modules: Sequence[Path] = ()
    jars: Sequence[Path] = ()

    @property
    def names(self) -> str:
        return ", ".join(script.name for script, _ in self.scripts)

    @property
    def as_run(self) -> str:
        """The scripts and the arguments that they were given; SQL has none."""
        words = dict.fromkeys(" ".join(words) for script, words in self.scripts if script.suffix != SQL)
        return f"{self.names} with the arguments {'; '.join(words)}" if words else self.names

    def hint(self, sql: str = "") -> str:
        """What may help the scripts, or the one of SQL that failed."""
        own = [script.name for script, _ in self.scripts if script.suffix == SQL and sql in ("", script.name)]
        words = [HINT] if not sql and len(own) < len(self.scripts) else []
        return " ".join([*words, *(SQL_HINT.format(name=name, stem=Path(name).stem) for name in own[-1:])])


def unlike(name: str, own: Own, made_up: Mapping[str, bytes], day: date, tables: Sequence[Written]) -> str:
    """In words, how what the scripts write of made-up files differs from `tables`, what they wrote of the samples; ''
    if it does not. Where it does, no test of theirs could be green: they infer types, or ask for more than a shape."""
    keys = {table.name: table.key for table in tables}
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        files = [Path(folder) / file for file in made_up]
        for file, content in zip(files, made_up.values(), strict=True):
            file.write_bytes(content)
        try:
            again = {table.name: table for table in play(name, own, files, day, keys)}
        except InputRefused as failed:
            return f"On made-up rows of the sample's shape it is otherwise. {failed}"
    return " ".join(_differences(tables, again))


def _differences(tables: Sequence[Written], again: Mapping[str, Written]) -> Iterator[str]:
    inferred = []
    for table in tables:
        if (other := again.get(table.name)) is None:
            yield f"Of made-up rows nothing writes {table.name}."
            continue
        # A night reads CSV and JSON with the contract's types, and Parquet with the script's.
        kinds = table.columns if table.format == "parquet" else {}
        inferred += [
            f"{table.name}.{column} is {kind} of the sample, {other.columns.get(column, 'absent')} of made-up rows"
            for column, kind in kinds.items()
            if other.columns.get(column) != kind
        ]
        if not other.is_key:
            yield f"Of made-up rows two of {table.name} have the same {', '.join(table.key)}, or none."
    if inferred:
        yield (
            f"What is written depends on the rows: {'; '.join(inferred)}. Read the input with types of its own (a"
            " schema, no inferSchema), and make the package again: a night of other rows would be another table."
        )


def play(
    name: str, own: Own, files: Sequence[Path], day: date, keys: Mapping[str, Sequence[str]] | None = None
) -> list[Written]:
    """What the scripts write, run in a process of their own on copies of the files. `keys`: of tables that have one.
    Raises InputRefused with the last lines when one fails or nothing is written."""
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        given, output, described = (Path(folder) / part for part in ("input", "output", "tables.json"))
        given.mkdir()
        for file in files:
            copy(file, given)
        values = {"business_date": day.isoformat(), "input": str(given), "output": str(output)}
        spec = {
            "name": name,
            "scripts": [(str(script), [*words]) for script, words in own.scripts],
            "modules": [str(module) for module in own.modules],
            "jars": ",".join(here(jar.resolve()) for jar in own.jars),
            "values": values,
            "keys": keys or {},
        }
        env = {**os.environ, "JAVA_HOME": str(toolchain.java()), "PYTHONPATH": str(paths.ROOT)}
        env |= {"PYSPARK_PYTHON": sys.executable}
        command = [sys.executable, "-P", "-m", "embedded.new.trial", json.dumps(spec), str(described)]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode or not described.is_file():
            raise InputRefused(failure(own, done.stderr))
        tables = [Written(**{**table, "key": tuple(table["key"])}) for table in _tables(described)]
    if not tables:
        raise InputRefused(f"Ran {own.as_run}: nothing wrote Parquet, CSV or JSON below {{output}}. {own.hint()}")
    return tables


def failure(own: Own, stderr: str) -> str:
    """The sentences about a script that failed: its own last lines, without what Spark logs, and what may help."""
    said = [line for line in stderr.splitlines() if line.strip() and not SPARK_LOGS.match(line)][-MOST_LINES:]
    lines = "".join(f"\n  {line}" for line in said)
    sql = next((match["name"] for line in said if (match := OF_SQL.match(line))), "")
    hint = "" if any(map(OF_THE_CODE.match, said)) else f"\n{own.hint(sql)}"
    return f"Ran {own.as_run} on the sample, and it failed:{lines}{hint}"


def _tables(described: Path) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = json.loads(described.read_text(encoding="utf-8"))
    return tables


def main(spec: dict[str, Any], described: Path) -> None:
    """In the new process: run the script as a step does, and write down what it wrote, or end with status 1."""
    from pyspark.sql import SparkSession

    from medallion import script
    from medallion.storage import Storage

    builder = SparkSession.builder
    for key, value in LOCAL.items():
        builder = builder.config(key, value)
    if spec["jars"]:
        builder = builder.config("spark.jars", spec["jars"])
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")  # what Spark logs of an error is in the error, which is shown
    if not played(spark, spec):
        sys.exit(1)
    output, storage = spec["values"]["output"], Storage(spark)
    below = [path for path in sorted(Path(output).glob("[!_.]*")) if path.is_dir()]
    folders = [(path.name, str(path)) for path in below if "=" not in path.name] or [(spec["name"], output)]
    tables = []
    for name, folder in folders:
        if kind := script.format_of(storage, folder):
            reader = spark.read.option("header", "true").option("inferSchema", "true")
            tables.append(_described(name, kind, reader.format(kind).load(folder), spec["keys"].get(name, ())))
    described.write_text(json.dumps(tables), encoding="utf-8")
    spark.stop()


def played(spark: Any, spec: Mapping[str, Any]) -> bool:
    """Run the scripts in this process; whether they came to their end. If not, standard error says why, in the
    scripts' own lines."""
    from medallion import script as scripts
    from medallion.errors import ScriptFailed

    paths = [Path(path) for path, _ in spec["scripts"]]
    given = [scripts.Script(path.name, path.read_bytes(), spec["scripts"][n][1]) for n, path in enumerate(paths)]
    try:
        scripts.play(spark, given, {Path(m).name: Path(m).read_bytes() for m in spec["modules"]}, spec["values"])
    except ScriptFailed as ended:
        print(ended, file=sys.stderr)
    except Exception as raised:  # noqa: BLE001 - whatever a user's script raises
        print("\n".join(_own(raised, paths)), file=sys.stderr)
    else:
        return True
    return False


def _own(raised: Exception, scripts: Sequence[Path]) -> Iterator[str]:
    """Where a script was when an error was raised, and the error's first lines: the frames of libraries and of Java
    are none of the user's. Of SQL the statement is where it was, a note of the error. What a worker of Spark raised
    stands behind many lines, so it comes last if it is in none of the first."""
    yield from (notes := getattr(raised, "__notes__", []))
    texts = {path.name: path.read_text(encoding="utf-8", errors="replace").splitlines() for path in scripts}
    frames = [f for f in traceback.extract_tb(raised.__traceback__) if Path(f.filename).name in texts]
    for frame in frames[-MOST_FRAMES:]:
        name = Path(frame.filename).name
        yield f"{name}, line {frame.lineno}: {texts[name][(frame.lineno or 1) - 1].strip()}"
    lines = "".join(traceback.format_exception_only(raised)).splitlines()
    shown = [line for line in lines if not line.lstrip().startswith(("at ", "... ")) and line not in notes][:MOST_ERROR]
    yield from shown
    behind = steplog.diagnose({"stderr": "".join(traceback.format_exception(raised)).splitlines()}, "")[0]
    yield from [] if any(behind in line for line in shown) else [behind]


def _described(name: str, kind: str, frame: Any, key: Sequence[str]) -> dict[str, Any]:
    """A table's columns, and the key and personal columns that its first rows show; `key` if that is known."""
    columns = [Column(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
    rows = [tuple("" if v is None else str(v) for v in row) for row in frame.limit(MOST_ROWS).collect()]
    texts = {c.name: [row[n] for row in rows if row[n]] for n, c in enumerate(columns)}
    kinds = {c.name: kind for c in columns if (kind := personal.kind_of(c.name, texts[c.name]))}
    key = [*key] or [*key_of(columns, rows, kinds)]
    places = [n for n, column in enumerate(columns) if column.name in key]
    keys = [tuple(row[n] for n in places) for row in rows]
    return {
        "name": name,
        "columns": {column.name: column.type for column in columns},
        "key": key,
        "personal": kinds,
        "format": kind,
        "is_key": len(set(keys)) == len(keys) and all(map(all, keys)),
    }


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
