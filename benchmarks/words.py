"""wordcount beside the best that counts words on one machine: CPU and wall seconds, of the whole process tree.

    .venv/bin/python -m benchmarks.words [--mb 1000] [--rounds 2]        (make bench-words)

The jobs are a spark-submit for each layer in local[2], as a night's steps are. DuckDB and Polars count by the same rule
(composed, lower case, runs of letters) and must give the same gold; `tr | sort | uniq -c` knows ASCII only, so its
counts are not compared. All have two cores. The peers count and no more: they keep neither the lines nor their words.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.load import BECOME_REAPER, CORES, JOBS, LAYERS, ROOT, Seconds, submit, timed
from datagen import generate_text

DAY = "2026-01-05"
RULE = r"\p{L}+"
DUCKDB = f"""
import duckdb, sys
query = r'''
copy (
    select word, count(*) as occurrences from (
        select unnest(regexp_extract_all(lower(nfc_normalize(line)), '{RULE}')) as word
        from read_csv('GIVEN', columns={{'line': 'varchar'}}, header=false, delim='\x01', quote='', escape='')
    ) group by word order by occurrences desc, word
) to 'OUT' (format parquet)'''
duckdb.execute("set threads = {CORES}")
duckdb.execute(query.replace("GIVEN", sys.argv[1]).replace("OUT", sys.argv[2]))
"""
POLARS = f"""
import os, sys
os.environ["POLARS_MAX_THREADS"] = "{CORES}"
import polars as pl
lines = pl.scan_csv(sys.argv[1], has_header=False, new_columns=["line"], separator="\\x01", quote_char=None)
words = pl.col("line").str.normalize("NFC").str.to_lowercase().str.extract_all(r"{RULE}").explode().alias("word")
counts = lines.select(words).drop_nulls().group_by("word").agg(pl.len().cast(pl.Int64).alias("occurrences"))
counts.sort(["occurrences", "word"], descending=[True, False]).sink_parquet(sys.argv[2])
"""
COREUTILS = f"""export LC_ALL=C
tr -cs 'A-Za-z' '\\n' < "$1" | tr 'A-Z' 'a-z' | sort --parallel={CORES} | uniq -c | sort -rn > "$2"
"""


def main() -> None:
    """Generate, measure, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark's")
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(BECOME_REAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="nightshift-words-") as scratch:
        text, rounds = Path(scratch) / "text" / "pt.txt", list[Mapping[str, Seconds]]()
        truth = generate_text(text, asked.mb * 1_000_000)
        for n in range(asked.rounds):
            out = Path(scratch) / str(n)
            out.mkdir()
            layers = spark(text.parent, out / "lake", asked.conf)
            rounds.append({**layers, "Spark": total(layers), **peers(text, out)})
            for counted in (
                *(out / "lake" / "staging" / "gold").glob("word_counts/*/*.parquet"),
                *out.glob("*.parquet"),
            ):
                rows = pq.ParquetFile(counted).read().to_pydict()
                if dict(zip(rows["word"], rows["occurrences"], strict=True)) != truth.counts:
                    sys.exit(f"{counted} is not what the generator counted")
            shutil.rmtree(out)
    show(asked.mb, rounds)


def spark(given: Path, out: Path, conf: Sequence[str]) -> dict[str, Seconds]:
    """The project's own jobs, a step for each layer."""
    words = ["--pipeline", "wordcount", "--business-date", DAY, "--input", str(given)]
    words += ["--lake", str(out), "--staging", str(out / "staging"), "--layers"]
    return {layer: timed([*submit(conf), str(JOBS[0] / "main.py"), *words, layer]) for layer in LAYERS}


def total(layers: Mapping[str, Seconds]) -> Seconds:
    """The sum of the layers."""
    return sum(wall for wall, _ in layers.values()), sum(cpu for _, cpu in layers.values())


def peers(text: Path, out: Path) -> dict[str, Seconds]:
    """Each of the others, once."""
    python = str(ROOT / ".nightshift" / "bench" / "bin" / "python")
    return {
        "DuckDB": timed([python, "-c", DUCKDB, str(text), str(out / "duckdb.parquet")]),
        "Polars": timed([python, "-c", POLARS, str(text), str(out / "polars.parquet")]),
        "tr, sort, uniq": timed(["sh", "-c", COREUTILS, "sh", str(text), str(out / "uniq.txt")]),
    }


def show(mb: int, rounds: Sequence[Mapping[str, Seconds]]) -> None:
    """Print the medians; the ratio is to the best of the others."""
    print(f"{mb:,} MB of text, {len(rounds)} rounds, equal counts; medians of seconds\n")
    print("| | CPU | best other = 1 | wall | best other = 1 |\n|---|---:|---:|---:|---:|")
    seconds = {side: [statistics.median(one[side][n] for one in rounds) for n in (1, 0)] for side in rounds[0]}
    others = [seconds[side] for side in ("DuckDB", "Polars", "tr, sort, uniq")]
    best = [min(other[n] for other in others) for n in (0, 1)]
    for side, (cpu, wall) in seconds.items():
        print(f"| {side} | {cpu:.1f} | {cpu / best[0]:.2f} | {wall:.1f} | {wall / best[1]:.2f} |")


if __name__ == "__main__":
    main()
