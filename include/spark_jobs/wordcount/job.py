"""The three layers of wordcount: what each reads, and what it writes where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.errors import NoInputError
from medallion.lake import Lake
from medallion.manifest import Manifest, TableCount
from medallion.quality import accepted, tally, together
from medallion.replay import BronzeReplay, by_file
from medallion.run import Run
from medallion.storage import FileInfo
from wordcount import counts, lines
from wordcount.text_encoding import Encoding, encoding_named

COLUMNS = ("source_file", "line", "text", "ingested_at")


def bronze(run: Run) -> Manifest:
    """Text files -> lines; raises NoInputError and UnknownEncodingError. In a replay the lines that were refused
    before, read in this run's encoding, and what was accepted stays."""
    lake, encoding = Lake(run), encoding_named(run.encoding)
    if run.replay:
        return lake.manifest("bronze", [_replayed(lake, encoding)])
    files = lake.storage.files(run.input)
    if not files:
        raise NoInputError(f"reading text files: nothing lies at {run.input}; put at least one file there")
    lake.size_shuffles(sum(f.length for f in files))
    judged, count = _judged(run, encoding, files)
    if empty := sum(1 for f in files if not f.length):
        count.warnings["empty_file"] = empty
    stamped = accepted(judged).withColumn("ingested_at", F.lit(run.started_at))
    lake.replace("bronze", "lines", stamped.select(*COLUMNS))
    lake.replace_quarantine("bronze", judged, count)
    return lake.manifest("bronze", [count])


def _replayed(lake: Lake, encoding: Encoding) -> TableCount:
    replay = BronzeReplay(lake, "lines", lines.BRONZE_SCHEMA)
    if (refused := replay.quarantined()) is None:
        return replay.untouched()
    judged = by_file(refused, partial(lines.judged_again, encoding.name), lines.JUDGED_SCHEMA)
    return replay.moved(judged.withColumn("ingested_at", F.lit(lake.run.started_at)).cache(), COLUMNS)


def _judged(run: Run, encoding: Encoding, files: Sequence[FileInfo]) -> tuple[DataFrame, TableCount]:
    """The judged lines with their count, and a judged row for each file that the readers pass over."""
    hidden = [f for f in files if f.hidden]
    if encoding.line_bytes and _jvm_knows(run, encoding.name):
        raw = lines.read_raw(run.spark, run.input, encoding.name)
        blocks = lines.measure_blocks(raw)
        judged = lines.numbered(raw, blocks, strip_mark=encoding.name == "utf-8")
        count = _counted(blocks, len(hidden))
    else:
        judged = lines.read_whole(run.spark, run.input, encoding.name).cache()
        verdicts = together({"lines": judged.unionByName(lines.passed_over(run.spark, hidden))})
        count = tally(verdicts, ["lines"])["lines"]
    if hidden:
        judged = judged.unionByName(lines.passed_over(run.spark, hidden))
    return judged, count


def _jvm_knows(run: Run, charset: str) -> bool:
    return bool(run.spark.sparkContext._jvm.java.nio.charset.Charset.isSupported(charset))


def _counted(blocks: Sequence[lines.Block], hidden: int) -> TableCount:
    rows, bad = sum(b.lines for b in blocks), sum(b.undecodable for b in blocks)
    reasons = +Counter({"undecodable": bad, "hidden_file": hidden})
    return TableCount("lines", rows + hidden, rows - bad, bad + hidden, 0, dict(reasons))


def silver(run: Run) -> Manifest:
    """Lines -> the words of each line."""
    lake = Lake(run)
    arrived = lake.read("bronze", "lines", lines.BRONZE_SCHEMA)
    lake.replace("silver", "lines", counts.words_of_lines(arrived))
    kept = lake.read("silver", "lines", counts.SILVER_SCHEMA).count()
    return lake.manifest("silver", [TableCount("lines", arrived.count(), kept)])


def gold(run: Run) -> Manifest:
    """Words of lines -> `word_counts`, staged."""
    lake = Lake(run)
    lake.size_shuffles(lake.size_of("silver", ["lines"]))
    kept = lake.read("silver", "lines", counts.SILVER_SCHEMA)
    staged = lake.stage({"word_counts": counts.word_counts(kept)})
    rows = kept.count()
    return lake.manifest("gold", [TableCount("lines", rows, rows)], staged)
