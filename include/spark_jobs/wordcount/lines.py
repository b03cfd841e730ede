"""Bronze of wordcount: every line of every file as it arrived, or the reason why it is not text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.packing import BOUNDS, Bounds, FileRefused, long_line
from medallion.quality import ACCEPTED, QUARANTINED
from medallion.raw import BASE64, TEXT, bytes_of
from medallion.replay import Refused
from medallion.storage import FileInfo
from wordcount.text_encoding import CONTROLS, NO_TEXT, WHY_CONTROLS, Encoding, byte_order, lines_in

BRONZE_SCHEMA = "source_file string, line bigint, text string, ingested_at timestamp"
JUDGED_SCHEMA = (
    "source_file string, line bigint, unit_id int, text string, outcome string, reason string, detail string, "
    "warning string, raw string, raw_encoding string"
)
UTF8_MARK = "EFBBBF"
# What is named is one file or a folder with all below it, whatever its name would mean to a shell.
AS_NAMED = {"recursiveFileLookup": "true", "__globPaths__": "false"}
# Hadoop's reader skips a line (with its end) that is as long, so that no memory has to hold it.
TOO_LONG = "mapreduce.input.linerecordreader.line.maxlength"
LINE_END, MARK = 2, 3  # the most bytes of a line's end, and those of the mark of UTF-8
MIN_PARTITIONS = "spark.sql.files.minPartitionNum"


@dataclass(frozen=True)
class Block:
    """A stretch of a file that one task reads: its lines, those that are no text, the first line's row id; the lines
    with characters that stand in no text, the bytes of the longest and of all, without their ends."""

    source_file: str
    start: int
    lines: int
    undecodable: int
    first_id: int
    controls: int = 0
    longest: int = 0
    size: int = 0


def read_raw(spark: SparkSession, uris: Sequence[str], charset: str, bounds: Bounds = BOUNDS) -> DataFrame:
    """Lines as raw bytes with the place they came from; splittable, so a huge file is read by many tasks. Lines beyond
    the bounds are not among them: `refused_files` tells of which files.

    Spark's text reader does not look into the bytes of a line, so the cast to binary gives them back unharmed.
    The input is read twice, to measure the blocks and to number their lines, so both must cut it alike: Spark cuts
    by the cores it has at that moment, and a young cluster's executors are still joining.
    """
    if spark.conf.get(MIN_PARTITIONS, None) is None:
        spark.conf.set(MIN_PARTITIONS, str(spark.sparkContext.defaultParallelism))
    longest = str(bounds.longest_line + LINE_END + 1)
    lines = spark.read.options(**AS_NAMED).option(TOO_LONG, longest).text(list(uris))
    raw = F.col("value").cast("binary")
    text = F.decode(raw, charset)
    # The JVM writes U+FFFD for what it cannot decode; in a text that has a real one, the way back shows it.
    is_text = ~F.contains(text, F.lit("\ufffd")) | (F.encode(text, charset) == raw)
    return lines.select(
        _decoded_uri(F.col("_metadata.file_path")).alias("source_file"),
        F.col("_metadata.file_block_start").alias("start"),
        F.monotonically_increasing_id().alias("id"),
        raw.alias("bytes"),
        text.alias("text"),
        is_text.alias("is_text"),
    )


def _decoded_uri(uri: Column) -> Column:
    """Spark's metadata column escapes the path, and `url_decode` takes a plus for a space."""
    return F.url_decode(F.replace(uri, F.lit("+"), F.lit("%2B")))


def measure_blocks(raw: DataFrame) -> list[Block]:
    """One row a block of input: few even for a terabyte, so that the driver can number them."""
    rows = raw.groupBy("source_file", "start").agg(
        F.count(F.lit(1)).alias("lines"),
        F.sum((~F.col("is_text")).cast("int")).alias("undecodable"),
        F.min("id").alias("first_id"),
        F.sum(F.col("text").rlike(CONTROLS).cast("int")).alias("controls"),
        F.max(F.octet_length("bytes")).alias("longest"),
        F.sum(F.octet_length("bytes")).alias("size"),
    )
    return sorted((Block(**row.asDict()) for row in rows.collect()), key=lambda b: (b.source_file, b.start))


def refused_files(files: Iterable[FileInfo], blocks: Sequence[Block], bounds: Bounds) -> dict[str, FileRefused]:
    """The files that no line is taken of, for what their blocks hold, or lack, by the URIs that the blocks have."""
    refused = {block.source_file: FileRefused("not_text", WHY_CONTROLS) for block in blocks if block.controls}
    by_place: dict[str, list[Block]] = {}
    for block in blocks:
        by_place.setdefault(_place(block.source_file), []).append(block)
    for file in files:
        own = by_place.get(_place(file.uri), [])
        uri = own[0].source_file if own else file.uri
        if uri not in refused and _lacks_lines(file.length, own, bounds):
            refused[uri] = long_line(bounds)
    return refused


def _lacks_lines(length: int, blocks: Sequence[Block], bounds: Bounds) -> bool:
    """Whether a line of a file was skipped for its length, or is as long: more bytes lack than ends of lines can be.
    Where all end in two bytes that is known; else each is taken to end in one."""
    number, ends = sum(b.lines for b in blocks), length - sum(b.size for b in blocks)
    all_end_in_two = bool(number) and -LINE_END <= ends - LINE_END * number <= MARK
    skipped = not all_end_in_two and ends - number > bounds.longest_line
    return skipped or any(block.longest > bounds.longest_line for block in blocks)


def _place(uri: str) -> str:
    """A URI as listings and Spark's metadata both may spell it."""
    return uri.replace("file:///", "file:/", 1)


def lines_before(blocks: Sequence[Block]) -> Iterator[tuple[Block, int]]:
    """Each block with the number of lines that its file holds before it."""
    seen: dict[str, int] = {}
    for block in blocks:
        before = seen.get(block.source_file, 0)
        yield block, before
        seen[block.source_file] = before + block.lines


def numbered(raw: DataFrame, blocks: Sequence[Block], strip_mark: bool) -> DataFrame:
    """The judged lines: numbered from 1 within their file, a UTF-8 byte order mark taken off the first."""
    offsets = raw.sparkSession.createDataFrame(
        [(b.source_file, b.start, before - b.first_id + 1) for b, before in lines_before(blocks)],
        "source_file string, start bigint, shift bigint",
    )
    line = (F.col("id") + F.col("shift")).alias("line")
    lines = raw.join(F.broadcast(offsets), on=["source_file", "start"], how="inner").select("*", line)
    marked = (F.col("line") == 1) & (F.hex(F.substring("bytes", 1, 3)) == UTF8_MARK) & F.lit(strip_mark)
    text = F.when(marked, F.substring("text", 2, 2**31 - 1)).otherwise(F.col("text"))
    return lines.select("source_file", "line", text.alias("text"), "is_text", "bytes").transform(_judged)


def _judged(lines: DataFrame) -> DataFrame:
    bad, nothing = ~F.col("is_text"), F.lit(None).cast("string")
    return lines.select(
        "source_file",
        "line",
        F.lit(None).cast("int").alias("unit_id"),
        F.when(~bad, F.col("text")).alias("text"),
        F.when(bad, QUARANTINED).otherwise(ACCEPTED).alias("outcome"),
        F.when(bad, "undecodable").alias("reason"),
        F.when(bad, NO_TEXT).alias("detail"),
        nothing.alias("warning"),
        F.when(bad, F.regexp_replace(F.base64("bytes"), r"\s", "")).alias("raw"),
        F.when(bad, BASE64).alias("raw_encoding"),
    )


def read_whole(spark: SparkSession, uris: Sequence[str], encoding: Encoding, bounds: Bounds) -> DataFrame:
    """The judged lines of files that do not lie open, or whose encoding has no single byte for a line break: one task
    reads one file."""
    files = spark.read.format("binaryFile").options(**AS_NAMED).load(list(uris))
    rows = files.select("path", "content").rdd.flatMap(
        lambda row: judged_file(row.path, bytes(row.content), encoding, bounds)
    )
    return spark.createDataFrame(rows, JUDGED_SCHEMA, verifySchema=False)


JudgedLine = tuple[str, int, None, str | None, str, str | None, str | None, None, str | None, str | None]


def judged_file(source_file: str, content: bytes, encoding: Encoding, bounds: Bounds = BOUNDS) -> Iterator[JudgedLine]:
    """The judged lines of one whole file; one that stands for it all where it is refused."""
    try:
        lines, ordered = lines_in(content, encoding, bounds)
    except FileRefused as refused:
        yield _refused_file(source_file, refused)
        return
    for number, raw in enumerate(lines, start=1):
        yield _judged_line(source_file, number, raw, ordered)


def _refused_file(source_file: str, refused: FileRefused) -> JudgedLine:
    return (source_file, 0, None, None, QUARANTINED, refused.reason, refused.detail, None, source_file, TEXT)


def _judged_line(source_file: str, number: int, raw: bytes, encoding: str) -> JudgedLine:
    try:
        text = raw.decode(encoding)
    except UnicodeError as error:  # not every codec raises the one for decoding
        bits = base64.b64encode(raw).decode("ascii")
        return (source_file, number, None, None, QUARANTINED, "undecodable", str(error), None, bits, BASE64)
    return (source_file, number, None, text, ACCEPTED, None, None, None, None, None)


def judged_again(encoding: str, source_file: str, refused: Iterable[Refused]) -> Iterator[JudgedLine]:
    """The judged lines that the refused ones of one file give in an encoding; what stands for a whole file stays."""
    ordered = byte_order(b"", encoding)
    for row in refused:
        if row.line:
            yield _judged_line(source_file, row.line, bytes_of(row.raw, row.raw_encoding), ordered)
        else:
            yield (source_file, 0, None, None, QUARANTINED, row.reason, row.detail, None, row.raw, row.raw_encoding)


def refused_whole(spark: SparkSession, files: Mapping[str, FileRefused]) -> DataFrame:
    """Judged rows, one a file, for the files that no line is taken of."""
    return spark.createDataFrame([_refused_file(uri, refused) for uri, refused in files.items()], JUDGED_SCHEMA)
