"""Segments of the order index: which past periods may contain a key, without reading these periods.

A segment summarises 1, 2, 4 or more consecutive periods of the index. Its summary has each unit's range of order
numbers; another file has the ranges and the tokens by period. Its hash table has one entry for each key that the index
knows by hash: text lines of one length, a line a bucket, so that a lookup reads one line per key at most. Periods
without a valid segment are read themselves: a segment may be missing, and one that was made of another token of a
period (medallion.changeset) than the current one does not count for that period (docs/decisions/0035).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from medallion.lake import DAY, Lake
from medallion.storage import FileInfo

SEGMENTS = "order_index_segments"
MOST_KEYS = 10_000  # of one lookup; for more, reading all periods in one go is cheaper than a request for each key
MOST_ENTRIES = 10_000_000  # of one hash table; a chain with more has more than MOST_KEYS a night
MOST_PERIODS = 256  # of one segment: an entry names its period in two digits
_SUMMARY, _DETAIL, _KEYS = "_summary.json", "_detail.json", "keys"
# A hash picks its bucket by its last bits; the entry has its first 16, and the period, in hexadecimal.
_TAG, _ENTRY, _ENTRIES = 4, 6, 5
_WIDTH = _ENTRY * _ENTRIES
_KEYS_A_BUCKET = 0.5  # at most, on average: most buckets are empty, and one in 70,000 overflows (Poisson)
_OVERFLOW = "*"  # a bucket with more than _ENTRIES: its keys may be in any period


@dataclass(frozen=True)
class Periods:
    """The periods of the index other than the run's own: the current token of each, whether all are before the run's
    own, and a function that reads some of them."""

    tokens: Mapping[str, str]
    are_past: bool
    read: Callable[[list[str]], DataFrame]


@dataclass(frozen=True)
class Segment:
    """A segment: its folder, its first and last period, a digest of its periods' tokens, each unit's range of numbers
    (least, most), the units with hashes, and the number of buckets (0: no hash table)."""

    folder: str
    first: str
    last: str
    digest: str
    ranges: Mapping[str, Sequence[int]]
    hashed: Sequence[int]
    buckets: int


class _Detail(NamedTuple):
    """What only a match needs: the token of each period, and each unit's range of numbers by period."""

    tokens: Mapping[str, str]
    ranges: Mapping[str, Mapping[str, Sequence[int]]]


def periods_of(lake: Lake, periods: Periods, keys: DataFrame) -> list[str]:
    """The periods that may contain one of the keys (unit_id, number, hash)."""
    if not periods.tokens:
        return []
    segments = _made(lake, periods) if periods.are_past else _stored(lake)
    found, covered = set[str](), set[str]()
    requested = keys.toDF("unit_id", "number", "hash").limit(MOST_KEYS + 1)
    rows = requested.withColumn("hash", _of_unit(F.col("hash"))).collect() if segments else []
    for segment in segments if len(rows) <= MOST_KEYS else []:
        valid = _valid(lake, segment, periods.tokens) - covered
        covered |= valid
        found |= valid & (_by_number(lake, segment, rows) | _by_hash(lake, segment, rows))
    return sorted(found | (periods.tokens.keys() - covered))


def _of_unit(order_hash: Column) -> Column:
    """A hash of unit and order."""
    return F.xxhash64(F.col("unit_id"), order_hash)


def _valid(lake: Lake, segment: Segment, tokens: Mapping[str, str]) -> set[str]:
    """The periods that the segment summarises as they are now."""
    within = {period: token for period, token in tokens.items() if segment.first <= period <= segment.last}
    if _digest(within) == segment.digest:
        return set(within)
    return {period for period, token in _detail(lake, segment).tokens.items() if tokens.get(period) == token}


def _digest(tokens: Mapping[str, str]) -> str:
    return sha256(json.dumps(sorted(tokens.items())).encode()).hexdigest()[:32]


def _detail(lake: Lake, segment: Segment) -> _Detail:
    return _Detail(**json.loads(lake.storage.read_text(f"{segment.folder}/{_DETAIL}")))


def _by_number(lake: Lake, segment: Segment, keys: Sequence[Row]) -> set[str]:
    numbers = [(str(key.unit_id), key.number) for key in keys if key.number is not None]
    near = [(unit, number) for unit, number in numbers if _includes(segment.ranges, unit, number)]
    by_period = _detail(lake, segment).ranges if near else {}
    return {
        period for period, ranges in by_period.items() if any(_includes(ranges, unit, number) for unit, number in near)
    }


def _includes(ranges: Mapping[str, Sequence[int]], unit: str, number: int) -> bool:
    least, most = ranges.get(unit, (1, 0))
    return least <= number <= most


def _by_hash(lake: Lake, segment: Segment, keys: Sequence[Row]) -> set[str]:
    wanted = [key.hash for key in keys if key.unit_id in segment.hashed]
    if not segment.buckets:
        return set(_detail(lake, segment).tokens) if wanted else set()
    # Most buckets are empty, which their first entry shows.
    first = _beginnings(lake, segment, wanted, _ENTRY)
    used = [key for key, entry in zip(wanted, first, strict=True) if entry.strip()]
    lines = _beginnings(lake, segment, used, _WIDTH)
    places = {place for key, line in zip(used, lines, strict=True) for place in _places(key, line)}
    periods = list(_detail(lake, segment).tokens) if places else []
    return {period for place, period in enumerate(periods) if place in places}


def _places(key: int, line: str) -> Iterator[int]:
    """The places, among the segment's periods, of those that may contain the key of a bucket."""
    if line.startswith(_OVERFLOW):
        yield from range(MOST_PERIODS)
    tag = f"{key >> 48 & 0xFFFF:04x}"
    entries = [line[n : n + _ENTRY] for n in range(0, _WIDTH, _ENTRY)]
    yield from (int(entry[_TAG:], 16) for entry in entries if entry.startswith(tag))


def _beginnings(lake: Lake, segment: Segment, hashes: Sequence[int], length: int) -> list[str]:
    """The first characters of the bucket of each hash. The files contain all buckets in order: a bucket's place follows
    from its number."""
    if not hashes:
        return []
    files = [file for file in lake.storage.files(f"{segment.folder}/{_KEYS}") if file.length and not file.hidden]
    ends = list(accumulate(file.length for file in files))
    offsets = [(key & (segment.buckets - 1)) * (_WIDTH + 1) for key in hashes]
    return [part.decode("ascii") for part in lake.storage.parts([_place(files, ends, o) for o in offsets], length)]


def _place(files: Sequence[FileInfo], ends: Sequence[int], offset: int) -> tuple[str, int]:
    n = next(n for n, end in enumerate(ends) if offset < end)
    return files[n].uri, offset - (ends[n] - files[n].length)


def _made(lake: Lake, periods: Periods) -> list[Segment]:
    """A segment for each group of periods; missing ones are written, and unused ones deleted."""
    stored = {segment.digest: segment for segment in _stored(lake)}
    groups = [{period: periods.tokens[period] for period in group} for group in _groups(sorted(periods.tokens))]
    made = [_write(lake, periods, group) for group in groups if _digest(group) not in stored]
    segments = [*made, *(stored[digest] for digest in map(_digest, groups) if digest in stored)]
    if made:
        _clean(lake, {segment.folder for segment in segments})
    return segments


def _groups(periods: Sequence[str]) -> Iterator[Sequence[str]]:
    """Groups of 1, 2, 4 or more periods, the largest first: n periods make at most log2(n) groups, and a period is
    summarised at most log2(n) times."""
    start = 0
    while left := len(periods) - start:
        size = min(MOST_PERIODS, 1 << (left.bit_length() - 1))
        yield periods[start : start + size]
        start += size


def _stored(lake: Lake) -> list[Segment]:
    """The complete segments, the newest first: the summary is written last."""
    root = _root(lake)
    texts = {name: lake.storage.read_text(f"{root}/{name}/{_SUMMARY}") for name in lake.storage.names(root)[::-1]}
    return [Segment(f"{root}/{name}", **json.loads(text)) for name, text in texts.items() if text]


def _write(lake: Lake, periods: Periods, group: Mapping[str, str]) -> Segment:
    folder = f"{_root(lake)}/{_token(lake)}-{min(group)}"
    # A date may be in two periods: one that an older version wrote was a whole month.
    period = F.regexp_extract(F.input_file_name(), f".*/{DAY}=([^/]*)/", 1)
    rows = periods.read(list(group)).where("unit_id is not null").withColumn("period", period).cache()
    sums = [F.min("least").alias("least"), F.max("most").alias("most"), F.sum(F.size("hashes")).alias("hashes")]
    units = rows.groupBy("period", "unit_id").agg(*sums).collect()
    by_period: dict[str, dict[str, Sequence[int]]] = {}
    ranges: dict[str, Sequence[int]] = {}
    for unit, row in ((str(row.unit_id), row) for row in units if row.least is not None):
        by_period.setdefault(row.period, {})[unit] = row.least, row.most
        least, most = ranges.get(unit, (row.least, row.most))
        ranges[unit] = min(least, row.least), max(most, row.most)
    keys = sum(row.hashes for row in units)
    buckets = _buckets(keys) if keys <= MOST_ENTRIES else 0
    if buckets:
        lines = _table(rows, list(group), buckets).write.mode("overwrite").option("compression", "none")
        lines.text(f"{folder}/{_KEYS}", lineSep="\n")
    rows.unpersist()
    hashed = sorted({row.unit_id for row in units if row.hashes})
    segment = Segment(folder, min(group), max(group), _digest(group), ranges, hashed, buckets)
    summary = {name: value for name, value in asdict(segment).items() if name != "folder"}  # a lake may be copied
    for name, content in ((_DETAIL, _Detail(group, by_period)._asdict()), (_SUMMARY, summary)):
        lake.storage.write_text(f"{folder}/{name}", json.dumps(content))
    return segment


def _buckets(keys: int) -> int:
    """The number of buckets, a power of two."""
    return 1 << int(keys / _KEYS_A_BUCKET).bit_length() if keys else 0


def _table(rows: DataFrame, periods: Sequence[str], buckets: int) -> DataFrame:
    """The lines of all buckets, in order, each _WIDTH characters long."""
    key = rows.select("period", "unit_id", F.explode("hashes").alias("hash")).withColumn(
        "hash", _of_unit(F.col("hash"))
    )
    place = F.expr(f"array_position(array({', '.join(map(repr, periods))}), period) - 1")
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
