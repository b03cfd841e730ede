"""The full load of mrhealth_sales beside DuckDB: CPU and wall seconds by layer, of the whole process tree.

    PYTHONPATH=plugins .venv/bin/python -m benchmarks.load [--orders 500000] [--rounds 2]        (make bench-load)

One date, fifty units; a layer is a spark-submit of its own in local[2], as a night's steps are, and "one job" is one
for all three (NIGHTSHIFT_ONE_JOB). benchmarks/twin.py is the same load by DuckDB, with two threads. They alternate,
and their sales tables must be equal. Spark's JVMs have
the options that a night gives them for so many bytes, unless `--conf spark.driver.extraJavaOptions=…` gives others.
`--floor` measures benchmarks/floor.py as well: what Spark itself takes to read, shuffle and write these bytes.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from datagen import Shape, generate_mrhealth
from nightshift.compute.jobs import java_options
from nightshift.config import Settings

ROOT = Path(__file__).resolve().parents[1]
JOBS = [ROOT / "include" / "spark_jobs", ROOT / "pipelines", ROOT / "plugins"]
LAYERS = ("bronze", "silver", "gold")
SOLD = ("sales_by_branch_day", "sales_by_branch_year", "product_sales", "sales_by_product_branch_day")
UNITS, CORES = 50, 2
BECOME_REAPER = 36  # PR_SET_CHILD_SUBREAPER: who loses its parent becomes ours, and its seconds are counted
Seconds = tuple[float, float]  # wall, CPU
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "4g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
}


def main() -> None:
    """Generate, measure, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", type=Path, help="where generated data is, or is to be kept")
    parser.add_argument("--twin-python", default=ROOT / ".nightshift" / "bench" / "bin" / "python", help="has duckdb")
    parser.add_argument("--floor", action="store_true", help="measure Spark without the rules as well")
    parser.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark's")
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(BECOME_REAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="nightshift-load-") as scratch:
        data = asked.data or Path(scratch) / "data"
        shape = Shape(units=UNITS, days=1, orders=max(1, asked.orders // UNITS))
        if not data.exists():
            generate_mrhealth(data, data.with_name("truth.json"), shape)
            without_open_quotes(data / "csv_sales")
        day, seconds = shape.first_day.isoformat(), list[Mapping[str, Mapping[str, Seconds]]]()
        for n in range(asked.rounds):
            places = {side: Path(scratch) / f"{side}-{n}" for side in ("Spark", "one job", "DuckDB", "floor")}
            by_side = {
                "Spark": spark(data, places["Spark"], day, asked.conf, LAYERS),
                "one job": spark(data, places["one job"], day, asked.conf, [",".join(LAYERS)]),
                "DuckDB": twin(data, places["DuckDB"], day, asked.twin_python),
                **({"floor": floor(data, places["floor"], day)} if asked.floor else {}),
            }
            for side in ("Spark", "one job"):
                compare(places[side] / "staging" / "gold", places["DuckDB"] / "gold")
            seconds.append(by_side)
            for place in places.values():
                shutil.rmtree(place, ignore_errors=True)
    show(asked.orders, seconds)


def without_open_quotes(drops: Path) -> None:
    """Remove the lines whose quote nothing closes: DuckDB takes the line after such a one for a part of it."""
    for file in drops.rglob("*.*"):
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(line for line in lines if line.count(b'"') % 2 == 0))


def spark(data: Path, out: Path, day: str, conf: Sequence[str], steps: Sequence[str]) -> dict[str, Seconds]:
    """The project's own jobs; each step is a layer, or several with commas between them."""
    size = sum(file.stat().st_size for file in (data / "csv_sales").rglob("*.csv"))
    quick = java_options(size, Settings(name="bench").quick_java_mb)
    conf = [*(f"spark.driver.extraJavaOptions={option}" for option in quick), *conf]  # the last one counts
    places = {"input": "csv_sales", "reference": "reference_data"}
    words = [word for name, place in places.items() for word in (f"--{name}", str(data / place))]
    words += ["--lake", str(out), "--staging", str(out / "staging"), "--pipeline", "mrhealth_sales"]
    words += ["--business-date", day, "--layers"]
    return {step: timed([*submit(conf), str(JOBS[0] / "main.py"), *words, step]) for step in steps}


def floor(data: Path, out: Path, day: str) -> dict[str, Seconds]:
    """Spark without the rules."""
    words = [*submit(()), str(ROOT / "benchmarks" / "floor.py"), str(data), str(out), day]
    return {layer: timed([*words, layer]) for layer in LAYERS}


def submit(conf: Sequence[str]) -> list[str]:
    """The beginning of a spark-submit."""
    settings = [f"--conf={one}" for one in (*(f"{name}={value}" for name, value in SETTINGS.items()), *conf)]
    return [str(Path(sys.executable).with_name("spark-submit")), "--master", f"local[{CORES}]", *settings]


def twin(data: Path, out: Path, day: str, python: Path) -> dict[str, Seconds]:
    """The same by DuckDB, in one process; the parts are its own marks, and what its start takes counts for bronze."""
    script, marks = ROOT / "benchmarks" / "twin.py", out.with_suffix(".json")
    with marks.open("wb") as told:
        whole = timed([str(python), str(script), str(data), str(out), day, str(CORES)], told.fileno())
    until = [(0.0, 0.0), *(tuple(mark) for mark in json.loads(marks.read_text()).values())]
    parts = {layer: (b[0] - a[0], b[1] - a[1]) for layer, a, b in zip(LAYERS, until, until[1:], strict=False)}
    start = whole[0] - until[-1][0]
    return parts | {"bronze": (parts["bronze"][0] + start, parts["bronze"][1] + whole[1] - until[-1][1])}


def timed(command: Sequence[str], stdout: int = subprocess.DEVNULL) -> Seconds:
    """The wall and CPU seconds of a command and of all that it started. Raises CalledProcessError."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    python_path = os.pathsep.join(map(str, JOBS))
    env = {**os.environ, "PYTHONPATH": python_path, "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, env=env, stdout=stdout, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr.decode(errors='replace')[-3000:]}")
    wall = time.monotonic() - began
    try:
        while True:
            os.wait()  # Python workers that outlive their Java
    except ChildProcessError:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(spark_gold: Path, twin_gold: Path) -> None:
    """Exit unless both made the same sales."""
    for table in SOLD:
        [own] = spark_gold.glob(f"{table}/*/*.parquet")
        rows = pq.ParquetFile(own).read().to_pylist()
        other = pq.ParquetFile(twin_gold / f"{table}.parquet").read().to_pylist()
        if rows != other:
            differ = [pair for pair in zip(rows, other, strict=False) if pair[0] != pair[1]]
            sys.exit(f"{table} differs: {len(rows)} rows by Spark, {len(other)} by DuckDB; first: {differ[:1]}")


def show(orders: int, seconds: Sequence[Mapping[str, Mapping[str, Seconds]]]) -> None:
    """Print the medians by layer, CPU and wall; of one job its whole."""
    print(f"{orders:,} orders, {len(seconds)} rounds, equal gold; medians of seconds\n")
    print(f"| | {' | '.join(LAYERS)} | all | DuckDB = 1 |\n|---|{'---:|' * (len(LAYERS) + 2)}")
    for what, n in (("CPU", 1), ("wall", 0)):
        parts = {
            side: {step: statistics.median(one[side][step][n] for one in seconds) for step in steps}
            for side, steps in seconds[0].items()
        }
        for side, of_steps in parts.items():
            whole = sum(of_steps.values())
            cells = [f"{of_steps[layer]:.1f}" if layer in of_steps else "" for layer in LAYERS]
            cells += [f"{whole:.1f}", f"{whole / sum(parts['DuckDB'].values()):.2f}"]
            print(f"| {side}, {what} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
