"""Runs a user's script once on this machine, on the sample, and describes the tables that it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import copy
from typing import Any

from embedded.new import personal
from embedded.new.proposal import key_of
from medallion.contract import Column
from tools import paths, toolchain
from tools.errors import InputRefused

MOST_ROWS = 1000
LOCAL = {
    "spark.master": "local[1]",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
}


@dataclass(frozen=True)
class Written:
    """A table that the script wrote: its columns' types by name, its key, the kind of each personal column."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    personal: dict[str, str]


def play(name: str, script: Path, arguments: Sequence[str], samples: Sequence[Path], day: date) -> list[Written]:
    """Run the script in a process of its own, on copies of the samples. Raises InputRefused with its last lines when it
    fails or writes nothing."""
    with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
        given, output, described = (Path(folder) / part for part in ("input", "output", "tables.json"))
        given.mkdir()
        for sample in samples:
            copy(sample, given)
        values = {"business_date": day.isoformat(), "input": str(given), "output": str(output)}
        spec = {"name": name, "script": str(script), "arguments": [*arguments], "values": values}
        env = {**os.environ, "JAVA_HOME": str(toolchain.java()), "PYTHONPATH": str(paths.ROOT)}
        env |= {"PYSPARK_PYTHON": sys.executable}
        command = [sys.executable, "-m", "embedded.new.trial", json.dumps(spec), str(described)]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode or not described.is_file():
            last = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise InputRefused(f"{script} was run on the sample with {' '.join(arguments)} and failed:\n{last}")
        tables = [Written(t["name"], t["columns"], tuple(t["key"]), t["personal"]) for t in _tables(described)]
    if not tables:
        raise InputRefused(f"{script} ran, and wrote no Parquet, CSV or JSON below {{output}}: give it as an argument.")
    return tables


def _tables(described: Path) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = json.loads(described.read_text(encoding="utf-8"))
    return tables


def main(spec: dict[str, Any], described: Path) -> None:
    """In the new process: run the script as a step does, and write down what it wrote."""
    from pyspark.sql import SparkSession

    from medallion import script
    from medallion.storage import Storage

    builder = SparkSession.builder
    for key, value in LOCAL.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    script.play("script.py", Path(spec["script"]).read_bytes(), script.filled(spec["arguments"], spec["values"]))
    output, storage = spec["values"]["output"], Storage(spark)
    below = [path for path in sorted(Path(output).iterdir()) if path.is_dir() and not path.name.startswith(("_", "."))]
    folders = [(path.name, str(path)) for path in below if "=" not in path.name] or [(spec["name"], output)]
    tables = []
    for name, folder in folders:
        if kind := script.format_of(storage, folder):
            reader = spark.read.option("header", "true").option("inferSchema", "true")
            tables.append(_described(name, reader.format(kind).load(folder)))
    described.write_text(json.dumps(tables), encoding="utf-8")
    spark.stop()


def _described(name: str, frame: Any) -> dict[str, Any]:
    """A table's columns, and the key and personal columns that its first rows show."""
    columns = [Column(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
    rows = [tuple("" if v is None else str(v) for v in row) for row in frame.limit(MOST_ROWS).collect()]
    texts = {c.name: [row[n] for row in rows if row[n]] for n, c in enumerate(columns)}
    kinds = {c.name: kind for c in columns if (kind := personal.kind_of(c.name, texts[c.name]))}
    types = {column.name: column.type for column in columns}
    return {"name": name, "columns": types, "key": key_of(columns, rows, kinds), "personal": kinds}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
