"""Schema drift: how files and tables differ from their contract, and the contract's rule for that. Pure."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from nightshift_contract import dialect
from nightshift_contract.charset import as_utf8, marked_encoding
from nightshift_contract.json_lines import as_csv, is_json_lines
from nightshift_contract.model import PARQUET, PARQUET_MAGIC, Column, Table, plain_name

DAY = r"(\d{4}-\d\d-\d\d|\d{1,2}([/.-])\d{1,2}\2\d{4})([T ].*)?"
SHAPES = {  # loose patterns by type: a single odd value is quarantined later, a column of only odd values has drifted
    "int": r"-?\d[\d.]*(,0+)?",
    "bigint": r"-?\d[\d.]*(,0+)?",
    "double": r"-?\d[\d.]*(,\d+)?([eE][+-]?\d+)?",
    "date": DAY,
    "timestamp": DAY,
}
NUMBER = r"-?(R\$\s*)?-?\d[\d.]*(,\d+)?"
# Database column types that can hold a contract's type. Text columns are accepted: each row is parsed like a file's.
WHOLE = r"(tiny|small|medium|big)?int(eger)?|(small|big)?serial|numeric|decimal"
DECLARED = {
    "int": WHOLE,
    "bigint": WHOLE,
    "decimal": rf"{WHOLE}|real|float|double( precision)?|money",
    "double": rf"{WHOLE}|real|float|double( precision)?|money",
    "date": r"date|datetime|timestamp.*",
    "timestamp": r"date|datetime|timestamp.*",
}
TEXT = r"(var|national )?char.*|character.*|(tiny|medium|long)?text|enum|bpchar"
# Column types whose values have no text form, and types that do not keep every digit.
UNREADABLE = r"bytea|array|(var)?binary|(tiny|medium|long)?blob|geom.*|point|(multi)?(linestring|polygon)|multipoint"
LOSSY = r"real|float"
NEW, MISSING = "is new", "is missing"
SEVERAL = {NEW: "are new", MISSING: "are missing"}  # what is said of several columns at once
MOST_COLUMNS = 6  # that one sentence names
FEWEST = 3  # non-empty values that a sample needs before a column of only odd values counts as drifted


@dataclass(frozen=True)
class Sample:
    """The beginning of one delivered file: its address, its column names as spelt there, its first rows."""

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def odd(self, column: Column, at: int) -> str:
        """The first value of a column, if all of its values look odd for the type that it should have; else ''."""
        given = [value for row in self.rows if (value := row[at].strip())]
        shape = NUMBER if column.type.startswith("decimal") else SHAPES.get(column.type)
        if shape is None or len(given) < FEWEST or any(re.fullmatch(shape, value) for value in given):
            return ""
        return repr(given[0])


@dataclass(frozen=True)
class Relation:
    """One table as its database declares it: its address, its column names as spelt there, their types."""

    where: str
    header: tuple[str, ...]
    types: tuple[str, ...]

    def odd(self, column: Column, at: int) -> str:
        """The declared type of a column, if it cannot hold the type that the column should have; else ''."""
        shape = DECLARED.get(column.type.partition("(")[0])
        declared = self.types[at].lower()
        return "" if shape is None or re.fullmatch(f"{shape}|{TEXT}", declared) else declared

    def unreadable(self, at: int) -> str:
        """The declared type of a column, if its values have no text form; else ''."""
        return declared if re.fullmatch(UNREADABLE, declared := self.types[at].lower()) else ""

    def lossy(self, column: Column, at: int) -> str:
        """The declared type of a decimal column, if it keeps only about seven digits of each amount; else ''."""
        declared = self.types[at].lower()
        return declared if column.type.startswith("decimal") and re.fullmatch(LOSSY, declared) else ""


@dataclass(frozen=True)
class Drift:
    """One column that differs from its contract; `rule` is the contract's rule for that."""

    source: str
    event: str  # added, dropped, retyped, lossy
    column: str
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.source}: {self.column} {self.words} ({self.rule})"


def sample(sources: Iterable[Table], where: str, beginning: bytes, whole: bool) -> Sample | None:
    """The sample in the first bytes of a CSV or JSON-lines file, read as the jobs read it; None for a file without a
    text header line. The columns of `sources` show its delimiter.

    `whole` says that these bytes are the whole file; otherwise the last line may be cut and is left out.
    """
    content = as_utf8(_uncut(beginning, whole))[0]
    lines = (as_csv(content) if is_json_lines(content) else content.removeprefix(codecs.BOM_UTF8)).splitlines()
    first = dialect.header_at(lines)
    try:
        text = b"".join(lines[first : first + 1]).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text or "\ufffd" in text:
        return None
    known = {name for source in sources for column in source.columns for name in column.names}
    delimiter, header = dialect.split(text, lambda cell: plain_name(cell) in known)
    later = [line.decode("utf-8", errors="replace") for line in lines[first + 1 :] if line.strip()]
    rows = csv.reader(later, delimiter=delimiter)
    return Sample(where, tuple(header), tuple(tuple(row) for row in rows if len(row) == len(header)))


def _uncut(beginning: bytes, whole: bool) -> bytes:
    """The beginning without its last line, which may be cut; UTF-16 and UTF-32 as UTF-8. The bytes may end in the
    middle of a character."""
    if marked := marked_encoding(beginning):
        mark, encoding = marked
        text = codecs.getincrementaldecoder(encoding)("replace").decode(beginning.removeprefix(mark))
        beginning = text.encode("utf-8")
    return beginning if whole else beginning[: max(beginning.rfind(end) for end in (b"\n", b"\r")) + 1]


def drifts(source: Table, table: Sample | Relation) -> Iterator[Drift]:
    """Every column of a table that differs from its source's contract."""
    spelt = {plain_name(name): at for at, name in enumerate(table.header)}
    here = {column.name: spelt[name] for column in source.columns for name in column.names if name in spelt}
    known = {name for column in source.columns for name in column.names}
    unrecognised = [name for name in table.header if plain_name(name) not in known]
    lacking = [column for column in source.columns if column.name not in here and not column.optional]
    renamed = unrecognised if len(lacking) <= len(unrecognised) else []
    for name in unrecognised:
        yield _drift(source, "added", name, NEW)
    for column in source.columns:
        if column in lacking:
            yield _drift(source, "dropped", column.names[0], _gone(column, renamed))
        elif column.name in here:
            yield from _retyped(source, table, column, here[column.name])


def _retyped(source: Table, table: Sample | Relation, column: Column, at: int) -> Iterator[Drift]:
    """How an existing column differs in type. One that cannot be read counts as dropped."""
    name = column.names[0]
    if isinstance(table, Relation) and (binary := table.unreadable(at)):
        yield _drift(
            source, "dropped", name, f"has the type {binary}, which cannot be read: provide a view that casts it"
        )
    elif odd := table.odd(column, at):
        yield _drift(source, "retyped", name, f"is not {column.type}: {odd}")
    elif isinstance(table, Relation) and (lossy := table.lossy(column, at)):
        words = (
            f"is {lossy}, which keeps about seven digits: the cents of large amounts are lost there; make it decimal"
        )
        yield Drift(source.name, "lossy", name, "read as it is", words)


def known_by(sources: Sequence[Table], header: Sequence[str]) -> Table | None:
    """The source of which a header has all columns but optional ones; of several the one with the most columns."""
    names = {plain_name(name) for name in header}
    whole = [s for s in sources if all(c.optional or names & {*c.names} for c in s.columns)]
    return max(whole, key=lambda s: sum(bool(names & {*c.names}) for c in s.columns), default=None)


def is_known(sources: Sequence[Table], where: str, sample: Sample | None) -> bool:
    """Whether a file can be one of the sources: its header has all columns of one, or half of them, or one of them
    under that source's name. The jobs judge such a file; of any other they can use nothing."""
    if sample is None:
        return False
    names = {plain_name(name) for name in sample.header}
    shared = {source.name: sum(bool(names & {*column.names}) for column in source.columns) for source in sources}
    named = any(shared[source.name] and fnmatchcase(stem(where), f"*{source.files}*") for source in sources)
    halves = any(2 * shared[source.name] >= len(source.columns) for source in sources)
    return named or halves or known_by(sources, sample.header) is not None


def takes_parquet(sources: Sequence[Table], beginning: bytes) -> bool:
    """Whether a file is Parquet, by its beginning, and some source is delivered so. Its columns are written at its end:
    the job compares them."""
    return beginning.startswith(PARQUET_MAGIC) and any(source.format == PARQUET for source in sources)


def is_readable(sources: Sequence[Table], where: str, sample: Sample | None) -> bool:
    """Whether a job can accept a row of a file: it is known, and lacks no column for which all of its rows would be
    quarantined. A contract that refuses such a file names its columns itself."""
    if sample is None or not is_known(sources, where, sample):
        return False
    is_whole = known_by(sources, sample.header) is not None
    return is_whole or any(source.drift["dropped"] != "quarantine" for source in sources)


def nearest(sources: Sequence[Table], sample: Sample) -> tuple[Table, list[str]]:
    """The source that a header has most columns of, and the first spellings of those that it lacks."""
    names = {plain_name(name) for name in sample.header}

    def lacks(source: Table) -> list[str]:
        return [c.names[0] for c in source.columns if not c.optional and not names & {*c.names}]

    source = max(sources, key=lambda s: sum(bool(names & {*c.names}) for c in s.columns) / len(s.columns))
    return source, lacks(source)


def stem(where: str) -> str:
    """The name of a file without folders and endings, in lower case."""
    return where.rsplit("/", 1)[-1].lower().removesuffix(".gz").removesuffix(".csv")


def missing(source: Table, where: str) -> Drift:
    """The drift of a missing table."""
    return _drift(source, "dropped", source.files, f"is missing: {where} has no such table or view")


def report(drifts: Mapping[str, Iterable[Drift]]) -> list[str]:
    """The drifts of many deliveries as sentences; the same drift of several is one sentence with their number and the
    first, and so are the columns that are all new, or all missing, in the same deliveries."""
    places: dict[Drift, list[str]] = {}
    for where, drifted in drifts.items():
        for drift in drifted:
            places.setdefault(drift, []).append(where)
    lines: dict[tuple[str, ...], list[Drift]] = {}
    for drift, there in places.items():
        own = () if drift.words in SEVERAL else (drift.column,)
        lines.setdefault((drift.source, drift.words, drift.rule, *own, *there), []).append(drift)
    return [f"{_columns(alike)}, in {_places(places[alike[0]])}" for alike in lines.values()]


def _columns(alike: Sequence[Drift]) -> str:
    first, columns = alike[0], [drift.column for drift in alike]
    if len(columns) == 1:
        return str(first)
    shown = columns if len(columns) <= MOST_COLUMNS else [*columns[: MOST_COLUMNS - 1], f"{len(columns)} in all"]
    return str(replace(first, column=", ".join(shown), words=SEVERAL[first.words]))


def _drift(source: Table, event: str, column: str, words: str) -> Drift:
    return Drift(source.name, event, column, source.drift[event], words)


def _gone(column: Column, unrecognised: Sequence[str]) -> str:
    """What is said of a column that is missing; `unrecognised` may be its new name, if there is one for each such."""
    if not unrecognised:
        return MISSING
    return f"{MISSING}; if {' or '.join(unrecognised)} is its new name, add it to {column.name} in the contract"


def _places(where: Sequence[str]) -> str:
    return where[0] if len(where) == 1 else f"{len(where)} deliveries, the first {where[0]}"
