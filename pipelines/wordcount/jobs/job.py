"""The three layers of wordcount: what each reads, and what it writes where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from medallion.errors import NoInputError
from medallion.lake import Lake
from medallion.leftovers import leftover
from medallion.manifest import Manifest, TableCount
from medallion.packing import LOOK, FileRefused, over
from medallion.quality import accepted, tally, together
from medallion.replay import BronzeReplay, by_file
from medallion.run import Run
from medallion.storage import WHY_HIDDEN, FileInfo
from wordcount.jobs import counts, lines, page
from wordcount.jobs.text_encoding import Encoding, encoding_named, lies_open

COLUMNS = ("source_file", "line", "text", "ingested_at")
LOOKS_AT_ONCE = 16  # files whose first bytes are read concurrently


def bronze(run: Run) -> Manifest:
    """Text files -> lines; raises NoInputError and UnknownEncodingError. In a replay: read the lines that were refused
    before in this run's encoding; accepted lines stay."""
    lake, encoding = Lake(run), encoding_named(run.encoding)
    if run.replay:
        return lake.manifest("bronze", [_replayed(lake, encoding)])
    files = lake.storage.files(run.input)
    if not files:
        raise NoInputError(f"reading text files: nothing at {run.input}; put at least one file there")
    lake.fit_spark_to(sum(f.length for f in files))
    judged, count = _judged(run, lake, encoding, files)
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


def _judged(run: Run, lake: Lake, encoding: Encoding, files: Sequence[FileInfo]) -> tuple[DataFrame, TableCount]:
    """The judged lines with their count, and a judged row for each file without usable lines."""
    refused = {f.uri: why for f in files if (why := _no_delivery(f))}
    open_files, others = _apart(run, lake, encoding, [f for f in files if f.uri not in refused])
    refused |= {f.uri: too_large for f in others if (too_large := over(f.length, run.bounds))}
    whole = [f.uri for f in others if f.uri not in refused]
    parts, counts = [], []
    if open_files:
        # Listing one folder is faster than naming all of its files.
        uris = [f.uri for f in open_files] if len(open_files) < len(files) else [run.input]
        raw = lines.read_raw(run.spark, uris, encoding.name, run.bounds)
        blocks = lines.measure_blocks(raw)
        refused |= lines.refused_files(open_files, blocks, run.bounds)
        kept = [block for block in blocks if block.source_file not in refused]
        parts.append(lines.numbered(raw, kept, strip_mark=encoding.name == "utf-8"))
        counts.append(_counted(kept))
    if whole:
        parts.append(lines.read_whole(run.spark, whole, encoding, run.bounds).cache())
        counts.append(tally(together({"lines": parts[-1]}), ["lines"])["lines"])
    if refused or not parts:
        parts.append(lines.refused_whole(run.spark, refused))
        counts.append(_of_files(refused))
    return reduce(DataFrame.unionByName, parts), reduce(_sum, counts)


def _no_delivery(file: FileInfo) -> FileRefused | None:
    """Why a file is left out whatever it holds; None for others."""
    return FileRefused("hidden_file", WHY_HIDDEN) if file.hidden else leftover(file.uri)


def _apart(
    run: Run, lake: Lake, encoding: Encoding, files: Sequence[FileInfo]
) -> tuple[list[FileInfo], list[FileInfo]]:
    """Split the files, by their first bytes, into those whose lines Spark reads in place and those that are read
    whole."""
    if not _jvm_knows(run, encoding.name):
        return [], list(files)
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        begin = list(pool.map(lambda f: lake.storage.beginning(f.uri, LOOK) if f.length else b"", files))
    judged = [(f, lies_open(f.name, beginning, encoding)) for f, beginning in zip(files, begin, strict=True)]
    return [f for f, is_open in judged if is_open], [f for f, is_open in judged if not is_open]


def _jvm_knows(run: Run, charset: str) -> bool:
    return bool(run.spark.sparkContext._jvm.java.nio.charset.Charset.isSupported(charset))


def _counted(blocks: Sequence[lines.Block]) -> TableCount:
    rows, bad = sum(b.lines for b in blocks), sum(b.undecodable for b in blocks)
    return TableCount("lines", rows, rows - bad, bad, 0, {"undecodable": bad} if bad else {})


def _of_files(refused: Mapping[str, FileRefused]) -> TableCount:
    reasons = Counter(file.reason for file in refused.values())
    return TableCount("lines", len(refused), 0, len(refused), 0, dict(sorted(reasons.items())))


def _sum(one: TableCount, other: TableCount) -> TableCount:
    """The sum of the counts of two parts of a table."""
    reasons = Counter(one.reasons) + Counter(other.reasons)
    return TableCount(
        one.table,
        one.rows_in + other.rows_in,
        one.accepted + other.accepted,
        one.quarantined + other.quarantined,
        one.duplicates + other.duplicates,
        dict(sorted(reasons.items())),
    )


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
    lake.fit_spark_to(lake.size_of("silver", ["lines"]))
    kept = lake.read("silver", "lines", counts.SILVER_SCHEMA)
    staged = lake.stage({"word_counts": counts.word_counts(kept)})
    page.write(lake, staged)
    rows = kept.count()
    return lake.manifest("gold", [TableCount("lines", rows, rows)], staged)
