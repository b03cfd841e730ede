"""Segments of the order index: which past months may contain a key, without reading these months.

A segment summarises the index of 1, 2, 4 or more consecutive months. Its JSON file has each unit's range of order
numbers in each month. Its hash table has one entry for each key that the index knows by hash: text lines of one length,
a line a bucket, so that a lookup reads one line per key. Months without a valid segment are read themselves: a segment
may be missing, and one that records another token of a month (medallion.changeset) than the current one does not count
for that month (docs/decisions/0035).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from medallion.lake import Lake
from medallion.storage import FileInfo

SEGMENTS = "order_index_segments"
MOST_KEYS = 10_000  # of one lookup; reading all months in one go is cheaper than more requests of one line each
MOST_MONTHS = 256  # of one segment: an entry names its month in two digits
_SUMMARY, _KEYS = "_summary.json", "keys"
# A hash picks its bucket by its last bits; the entry has its first 16, and the month, in hexadecimal.
_TAG, _ENTRY, _ENTRIES = 4, 6, 8
_WIDTH = _ENTRY * _ENTRIES
_KEYS_A_BUCKET = 1.5  # at most, on average; one bucket in 35,000 then overflows (Poisson)
_OVERFLOW = "*"  # a bucket with more than _ENTRIES: its keys may be in any month


@dataclass(frozen=True)
class Months:
    """The index months other than the run's own: the current token of each, whether all are before the run's own, and a
    function that reads some of them."""

    tokens: Mapping[str, str]
    are_past: bool
    read: Callable[[list[str]], DataFrame]


@dataclass(frozen=True)
class Segment:
    """A segment: its folder, the token that it read of each month, each unit's range of numbers (least, most) by month,
    the units with hashes, and the number of buckets (0: no hashes)."""

    folder: str
    months: Mapping[str, str]
    ranges: Mapping[str, Mapping[str, Sequence[int]]]
    hashed: Sequence[int]
    buckets: int


def months_of(lake: Lake, months: Months, keys: DataFrame) -> list[str]:
    """The months that may contain one of the keys (unit_id, number, hash)."""
    if not months.tokens:
        return []
    segments = _made(lake, months) if months.are_past else _stored(lake)
    found, covered = set[str](), set[str]()
    requested = keys.toDF("unit_id", "number", "hash").limit(MOST_KEYS + 1)
    rows = requested.withColumn("hash", _of_unit(F.col("hash"))).collect() if segments else []
    for segment in segments if len(rows) <= MOST_KEYS else []:
        valid = {month for month, token in segment.months.items() if months.tokens.get(month) == token} - covered
        covered |= valid
        found |= valid & {*_by_number(segment, rows), *_by_hash(lake, segment, rows)}
    return sorted(found | (months.tokens.keys() - covered))


def _of_unit(order_hash: Column) -> Column:
    """A hash of unit and order."""
    return F.xxhash64(F.col("unit_id"), order_hash)


def _by_number(segment: Segment, keys: Sequence[Row]) -> Iterator[str]:
    numbers: dict[str, list[int]] = {}
    for key in keys:
        if key.number is not None:
            numbers.setdefault(str(key.unit_id), []).append(key.number)
    for month, ranges in segment.ranges.items():
        if any(
            any(least <= number <= most for number in numbers.get(unit, ())) for unit, (least, most) in ranges.items()
        ):
            yield month


def _by_hash(lake: Lake, segment: Segment, keys: Sequence[Row]) -> Iterator[str]:
    wanted = [key.hash for key in keys if key.unit_id in segment.hashed]
    if not wanted:
        return
    months, buckets = list(segment.months), [key & (segment.buckets - 1) for key in wanted]
    for key, line in zip(wanted, _lines(lake, segment, buckets), strict=True):
        if line.startswith(_OVERFLOW):
            yield from months
        tag = f"{key >> 48 & 0xFFFF:04x}"
        entries = [line[n : n + _ENTRY] for n in range(0, _WIDTH, _ENTRY)]
        yield from (months[int(entry[_TAG:], 16)] for entry in entries if entry.startswith(tag))


def _lines(lake: Lake, segment: Segment, buckets: Sequence[int]) -> list[str]:
    """The lines of some buckets. The files contain all buckets in order: a bucket's place follows from its number."""
    files = [file for file in lake.storage.files(f"{segment.folder}/{_KEYS}") if file.length and not file.hidden]
    ends = list(accumulate(file.length for file in files))
    places = [_place(files, ends, bucket * (_WIDTH + 1)) for bucket in buckets]
    return [part.decode("ascii") for part in lake.storage.parts(places, _WIDTH)]


def _place(files: Sequence[FileInfo], ends: Sequence[int], offset: int) -> tuple[str, int]:
    n = next(n for n, end in enumerate(ends) if offset < end)
    return files[n].uri, offset - (ends[n] - files[n].length)


def _made(lake: Lake, months: Months) -> list[Segment]:
    """A segment for each group of months; those that do not exist are written, and those that are of no use deleted."""
    stored = {tuple(segment.months.items()): segment for segment in _stored(lake)}
    groups = [{month: months.tokens[month] for month in group} for group in _groups(sorted(months.tokens))]
    missing = [group for group in groups if tuple(group.items()) not in stored]
    made = [_write(lake, months, group) for group in missing]
    segments = [*made, *(stored[tuple(group.items())] for group in groups if group not in missing)]
    if made:
        _clean(lake, {segment.folder for segment in segments})
    return segments


def _groups(months: Sequence[str]) -> Iterator[Sequence[str]]:
    """Groups of 1, 2, 4 or more months, the largest first, so that n months make about log2(n) groups and a month is
    summarised again about log2(n) times."""
    start = 0
    while left := len(months) - start:
        size = min(MOST_MONTHS, 1 << (left.bit_length() - 1))
        yield months[start : start + size]
        start += size


def _stored(lake: Lake) -> list[Segment]:
    """The complete segments, the newest first: the summary is written last."""
    root = _root(lake)
    texts = {name: lake.storage.read_text(f"{root}/{name}/{_SUMMARY}") for name in lake.storage.names(root)[::-1]}
    return [Segment(f"{root}/{name}", **json.loads(text)) for name, text in texts.items() if text]


def _write(lake: Lake, months: Months, group: Mapping[str, str]) -> Segment:
    folder = f"{_root(lake)}/{_token(lake)}-{min(group)}"
    month = F.date_format("business_date", "yyyy-MM")
    rows = months.read(list(group)).where("unit_id is not null").withColumn("month", month).cache()
    ranges: dict[str, dict[str, Sequence[int]]] = {}
    sums = [F.min("least").alias("least"), F.max("most").alias("most"), F.sum(F.size("hashes")).alias("hashes")]
    units = rows.groupBy("month", "unit_id").agg(*sums).collect()
    for row in units:
        if row.least is not None:
            ranges.setdefault(row.month, {})[str(row.unit_id)] = row.least, row.most
    hashed = sorted({row.unit_id for row in units if row.hashes})
    buckets = _buckets(sum(row.hashes for row in units))
    if buckets:
        text = _table(rows, list(group), buckets).write.mode("overwrite").option("compression", "none")
        text.text(f"{folder}/{_KEYS}", lineSep="\n")
    rows.unpersist()
    summary = {"months": group, "ranges": ranges, "hashed": hashed, "buckets": buckets}
    lake.storage.write_text(f"{folder}/{_SUMMARY}", json.dumps(summary))
    return Segment(folder, group, ranges, hashed, buckets)


def _buckets(keys: int) -> int:
    """The number of buckets, a power of two."""
    return 1 << int(keys / _KEYS_A_BUCKET).bit_length() if keys else 0


def _table(rows: DataFrame, months: Sequence[str], buckets: int) -> DataFrame:
    """The lines of all buckets, in order, each _WIDTH characters long."""
    key = rows.select("month", "unit_id", F.explode("hashes").alias("hash")).withColumn("hash", _of_unit(F.col("hash")))
    place = F.expr(f"array_position(array({', '.join(map(repr, months))}), month) - 1")
    entry = F.format_string(f"%0{_TAG}x%0{_ENTRY - _TAG}x", F.shiftrightunsigned("hash", 48), place)
    entries = key.select(F.col("hash").bitwiseAND(F.lit(buckets - 1)).alias("bucket"), entry.alias("entry"))
    every = rows.sparkSession.range(buckets).select(F.col("id").alias("bucket"), F.lit(None).cast("string"))
    lines = entries.unionAll(every).groupBy("bucket").agg(F.collect_set("entry").alias("entries"))
    text = F.when(F.size("entries") > _ENTRIES, _OVERFLOW).otherwise(F.array_join("entries", ""))
    return lines.orderBy("bucket").select(F.rpad(text, _WIDTH, " ").alias("value"))


def _clean(lake: Lake, used: set[str]) -> None:
    """Delete older segments, except the used ones. A run that was given up for dead must not delete those of its
    successor."""
    for name in lake.storage.names(_root(lake)):
        if f"{_root(lake)}/{name}" not in used and name < _token(lake):
            lake.storage.delete(f"{_root(lake)}/{name}")


def _root(lake: Lake) -> str:
    return f"{lake.run.lake}/silver/{lake.run.pipeline}/{SEGMENTS}"


def _token(lake: Lake) -> str:
    return f"{lake.run.started_at:%Y%m%dT%H%M%S%f}"
