"""Schema drift: how files and tables differ from their contract, and the contract's rule for that. Pure."""

from __future__ import annotations

import codecs
import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from nightshift.contracts import letters
from nightshift.contracts.pipeline import Source, SourceColumn

DELIMITERS = (",", ";", "\t", "|")
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
SEP = re.compile(r'"?sep=[,;\t|]"?', re.IGNORECASE)  # Excel's own hint above the header
# Column types whose values have no text form, and types that do not keep every digit.
UNREADABLE = r"bytea|array|(var)?binary|(tiny|medium|long)?blob|geom.*|point|(multi)?(linestring|polygon)|multipoint"
LOSSY = r"real|float"
# Byte order marks; UTF-32 first, because its mark begins with that of UTF-16.
MARKS = (
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
FEWEST = 3  # non-empty values that a sample needs before a column of only odd values counts as drifted


@dataclass(frozen=True)
class Sample:
    """The beginning of one delivered file: its address, its column names as spelt there, its first rows."""

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def odd(self, column: SourceColumn, at: int) -> str:
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

    def odd(self, column: SourceColumn, at: int) -> str:
        """The declared type of a column, if it cannot hold the type that the column should have; else ''."""
        shape = DECLARED.get(column.type.partition("(")[0])
        declared = self.types[at].lower()
        return "" if shape is None or re.fullmatch(f"{shape}|{TEXT}", declared) else declared

    def unreadable(self, at: int) -> str:
        """The declared type of a column, if its values have no text form; else ''."""
        return declared if re.fullmatch(UNREADABLE, declared := self.types[at].lower()) else ""

    def lossy(self, column: SourceColumn, at: int) -> str:
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


def sample(where: str, beginning: bytes, whole: bool) -> Sample | None:
    """The sample in the first bytes of a CSV or JSON-lines file; None for a file without a text header line.

    `whole` says that these bytes are the whole file; otherwise the last line may be cut and is left out.
    """
    text, json_lines = _text(beginning), is_json_lines(beginning)
    lines = text.split("\n") if json_lines else text.splitlines()
    kept = [line for line in (lines if whole else lines[:-1]) if line.strip() and not SEP.fullmatch(line.strip())]
    if not kept or "\ufffd" in kept[0]:
        return None
    header, *rows = _objects(kept) if json_lines else _records(kept)
    return Sample(where, tuple(header), tuple(tuple(row) for row in rows if len(row) == len(header)))


def is_json_lines(beginning: bytes) -> bool:
    """Whether a file begins as JSON lines do."""
    return _text(beginning).lstrip("\ufeff \t\r\n").startswith("{")


def _records(lines: Sequence[str]) -> list[list[str]]:
    delimiter = max(DELIMITERS, key=lines[0].count)
    return list(csv.reader(lines, delimiter=delimiter))


def _objects(lines: Sequence[str]) -> list[list[str]]:
    """JSON lines as a header of all names in them, and rows, as the jobs read them (medallion/json_lines.py)."""
    objects = [parsed for line in lines if (parsed := _object(line)) is not None]
    names = list(dict.fromkeys(name for parsed in objects for name in parsed))
    return [names, *([_cell(parsed.get(name)) for name in names] for parsed in objects)]


def _object(line: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _text(beginning: bytes) -> str:
    """Decode as the jobs do (medallion/charset.py): UTF-16 and UTF-32 by their byte order marks, Windows-1252 or an
    older encoding if no non-ASCII byte is valid UTF-8. The bytes may end in the middle of a character."""
    marked = next((encoding for mark, encoding in MARKS if beginning.startswith(mark)), None)
    one_byte = not beginning.isascii() and beginning.decode(errors="ignore").isascii()
    encoding = marked or (letters.older(beginning) or letters.WINDOWS if one_byte else "utf-8-sig")
    return codecs.getincrementaldecoder(encoding)("replace").decode(beginning)


def drifts(source: Source, table: Sample | Relation) -> Iterator[Drift]:
    """Every column of a table that differs from its source's contract."""
    spelt = {plain(name): at for at, name in enumerate(table.header)}
    here = {column.name: spelt[name] for column in source.columns for name in column.names if name in spelt}
    known = {name for column in source.columns for name in column.names}
    unrecognised = [name for name in table.header if plain(name) not in known]
    for name in unrecognised:
        yield _drift(source, "added", name, "is new")
    for column in source.columns:
        if column.name not in here and column.optional:
            continue
        if column.name not in here:
            yield _drift(source, "dropped", column.names[0], _gone(column, unrecognised))
        else:
            yield from _retyped(source, table, column, here[column.name])


def _retyped(source: Source, table: Sample | Relation, column: SourceColumn, at: int) -> Iterator[Drift]:
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


def known_by(sources: Sequence[Source], header: Sequence[str]) -> Source | None:
    """The source of which a header has all columns but optional ones; of several the one with the most columns."""
    names = {plain(name) for name in header}
    whole = [s for s in sources if all(c.optional or names & {*c.names} for c in s.columns)]
    return max(whole, key=lambda s: sum(bool(names & {*c.names}) for c in s.columns), default=None)


def is_known(sources: Sequence[Source], where: str, sample: Sample | None) -> bool:
    """Whether a file can be one of the sources: its header has all columns of one, or half of them, or one of them
    under that source's name. The jobs judge such a file; of any other they can use nothing."""
    if sample is None:
        return False
    names = {plain(name) for name in sample.header}
    shared = {source.name: sum(bool(names & {*column.names}) for column in source.columns) for source in sources}
    named = any(shared[source.name] and fnmatchcase(stem(where), f"*{source.files}*") for source in sources)
    halves = any(2 * shared[source.name] >= len(source.columns) for source in sources)
    return named or halves or known_by(sources, sample.header) is not None


def is_readable(sources: Sequence[Source], where: str, sample: Sample | None) -> bool:
    """Whether a job can accept a row of a file: it is known, and lacks no column for which all of its rows would be
    quarantined. A contract that refuses such a file names its columns itself."""
    if sample is None or not is_known(sources, where, sample):
        return False
    is_whole = known_by(sources, sample.header) is not None
    return is_whole or any(source.drift["dropped"] != "quarantine" for source in sources)


def stem(where: str) -> str:
    """The name of a file without folders and endings, in lower case."""
    return where.rsplit("/", 1)[-1].lower().removesuffix(".gz").removesuffix(".csv")


def missing(source: Source, where: str) -> Drift:
    """The drift of a missing table."""
    return _drift(source, "dropped", source.files, f"is missing: {where} has no such table or view")


def report(drifts: Mapping[str, Iterable[Drift]]) -> list[str]:
    """The drifts of many deliveries as sentences; the same drift of several is one sentence with their number and the
    first."""
    places: dict[Drift, list[str]] = {}
    for where, drifted in drifts.items():
        for drift in drifted:
            places.setdefault(drift, []).append(where)
    return [f"{drift}, in {_places(where)}" for drift, where in places.items()]


def plain(name: str) -> str:
    """A column's name as contracts spell it: no accents, no byte order mark, lower case, underscores for blanks."""
    letters = unicodedata.normalize("NFKD", name)
    return "_".join("".join(c for c in letters if c != "\ufeff" and not unicodedata.combining(c)).lower().split())


def _drift(source: Source, event: str, column: str, words: str) -> Drift:
    return Drift(source.name, event, column, source.drift[event], words)


def _gone(column: SourceColumn, unrecognised: Sequence[str]) -> str:
    if not unrecognised:
        return "is missing"
    return f"is missing; if {' or '.join(unrecognised)} is its new name, add it to {column.name} in the contract"


def _places(where: Sequence[str]) -> str:
    return where[0] if len(where) == 1 else f"{len(where)} deliveries, the first {where[0]}"
