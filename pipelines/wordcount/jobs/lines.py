"""Bronze of wordcount: every line of every file as it arrived, or the reason why it is not text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from medallion.packing import BOUNDS, Bounds, FileRefused, long_line
from medallion.quality import ACCEPTED, QUARANTINED
from medallion.raw import BASE64, SENDER, TEXT, bytes_of
from medallion.replay import Refused
from medallion.storage import FileInfo
from wordcount.jobs.text_encoding import CONTROLS, NO_TEXT, WHY_CONTROLS, Encoding, byte_order, lines_in

BRONZE_SCHEMA = "source_file string, line bigint, text string, ingested_at timestamp"
JUDGED_SCHEMA = (
    f"source_file string, line bigint, {SENDER} int, text string, outcome string, reason string, detail string, "
    "warning string, raw string, raw_encoding string"
)
UTF8_MARK = "EFBBBF"
# A name is one file or a folder with all below it; glob characters are literal.
AS_NAMED = {"recursiveFileLookup": "true", "__globPaths__": "false"}
# Hadoop's reader skips lines of this length (with their end), so that they need not fit in memory.
TOO_LONG = "mapreduce.input.linerecordreader.line.maxlength"
LINE_END, MARK = 2, 3  # the most bytes of a line's end, and the bytes of the UTF-8 byte order mark
MIN_PARTITIONS = "spark.sql.files.minPartitionNum"


@dataclass(frozen=True)
class Block:
    """A stretch of a file that one task reads: its number of lines, of undecodable ones and of those with control
    characters, the first line's row id, and the bytes of the longest line and of all lines, without their ends."""

    source_file: str
    start: int
    lines: int
    undecodable: int
    first_id: int
    controls: int = 0
    longest: int = 0
    size: int = 0


def read_raw(spark: SparkSession, uris: Sequence[str], charset: str, bounds: Bounds = BOUNDS) -> DataFrame:
    """Lines as raw bytes with their origin; splittable, so that many tasks read a huge file. Lines beyond the bounds
    are missing: `refused_files` names their files.

    Spark's text reader does not change the bytes of a line, so the cast to binary returns them unharmed. The input is
    read twice, to measure the blocks and to number their lines, so both reads must split it alike: Spark splits by the
    cores it has at that moment, and a new cluster's executors are still joining.
    """
    if spark.conf.get(MIN_PARTITIONS, None) is None:
        spark.conf.set(MIN_PARTITIONS, str(spark.sparkContext.defaultParallelism))
    longest = str(bounds.longest_line + LINE_END + 1)
    lines = spark.read.options(**AS_NAMED).option(TOO_LONG, longest).text(list(uris))
    raw = F.col("value").cast("binary")
    text = F.decode(raw, charset)
    # The JVM decodes invalid bytes as U+FFFD; a text with a real U+FFFD is recognised by encoding it again.
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
    """Spark's metadata column escapes the path, and `url_decode` would turn a plus into a space."""
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
    """The files without usable lines, by the URIs of their blocks: a line has control characters, or a line is too
    long."""
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
    """Whether a line of a file was skipped for its length, or has that length: more bytes are missing than line ends
    can take. Where all ends have two bytes that is exact; else each is assumed to have one."""
    number, ends = sum(b.lines for b in blocks), length - sum(b.size for b in blocks)
    all_end_in_two = bool(number) and -LINE_END <= ends - LINE_END * number <= MARK
    skipped = not all_end_in_two and ends - number > bounds.longest_line
    return skipped or any(block.longest > bounds.longest_line for block in blocks)


def _place(uri: str) -> str:
    """One spelling of a URI, for comparing those of listings and of Spark's metadata."""
    return uri.replace("file:///", "file:/", 1)


def lines_before(blocks: Sequence[Block]) -> Iterator[tuple[Block, int]]:
    """Each block with the number of lines before it in its file."""
    seen: dict[str, int] = {}
    for block in blocks:
        before = seen.get(block.source_file, 0)
        yield block, before
        seen[block.source_file] = before + block.lines


def numbered(raw: DataFrame, blocks: Sequence[Block], strip_mark: bool) -> DataFrame:
    """The judged lines, numbered from 1 within their file, without a UTF-8 byte order mark."""
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
        F.lit(None).cast("int").alias(SENDER),
        F.when(~bad, F.col("text")).alias("text"),
        F.when(bad, QUARANTINED).otherwise(ACCEPTED).alias("outcome"),
        F.when(bad, "undecodable").alias("reason"),
        F.when(bad, NO_TEXT).alias("detail"),
        nothing.alias("warning"),
        F.when(bad, F.regexp_replace(F.base64("bytes"), r"\s", "")).alias("raw"),
        F.when(bad, BASE64).alias("raw_encoding"),
    )


def read_whole(spark: SparkSession, uris: Sequence[str], encoding: Encoding, bounds: Bounds) -> DataFrame:
    """The judged lines of files that Spark cannot read in place (packed, or without a one-byte line break); one task
    reads one file."""
    files = spark.read.format("binaryFile").options(**AS_NAMED).load(list(uris))
    rows = files.select("path", "content").rdd.flatMap(
        lambda row: judged_file(row.path, bytes(row.content), encoding, bounds)
    )
    return spark.createDataFrame(rows, JUDGED_SCHEMA, verifySchema=False)


JudgedLine = tuple[str, int, None, str | None, str, str | None, str | None, None, str | None, str | None]


def judged_file(source_file: str, content: bytes, encoding: Encoding, bounds: Bounds = BOUNDS) -> Iterator[JudgedLine]:
    """The judged lines of one whole file, or one row for the file where it is refused."""
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
    except UnicodeError as error:  # not every codec raises UnicodeDecodeError
        bits = base64.b64encode(raw).decode("ascii")
        return (source_file, number, None, None, QUARANTINED, "undecodable", str(error), None, bits, BASE64)
    return (source_file, number, None, text, ACCEPTED, None, None, None, None, None)


def judged_again(encoding: str, source_file: str, refused: Iterable[Refused]) -> Iterator[JudgedLine]:
    """The judged lines that one file's refused lines give in an encoding; a row for a whole file stays as it is."""
    ordered = byte_order(b"", encoding)
    for row in refused:
        if row.line:
            yield _judged_line(source_file, row.line, bytes_of(row.raw, row.raw_encoding), ordered)
        else:
            yield (source_file, 0, None, None, QUARANTINED, row.reason, row.detail, None, row.raw, row.raw_encoding)


def refused_whole(spark: SparkSession, files: Mapping[str, FileRefused]) -> DataFrame:
    """Judged rows, one a file, for the files without usable lines."""
    return spark.createDataFrame([_refused_file(uri, refused) for uri, refused in files.items()], JUDGED_SCHEMA)
