"""The model of a contract: its tables, their columns, and every key that contract.toml may have.

A field with a `Key` is a key of the file: reading.py checks and reads the file by these, schema.py describes it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SOURCES, GOLD = SECTIONS = ("sources", "gold")
PT_BR = "pt-BR"  # the only notation beside the plain one
PARQUET, PARQUET_MAGIC = "parquet", b"PAR1"  # the only format beside text, and how such a file begins
# What a night does about a column that is not in its contract, is missing, or holds another type.
DRIFT_RULES = {
    "added": ("ignore", "refuse"),  # bronze keeps the columns of the contract
    "dropped": ("quarantine", "refuse"),  # quarantine the file's rows, or refuse the night
    "retyped": ("quarantine", "refuse"),
}
DRIFT = "What a night does about a column that was added, dropped or retyped."
# Spark's types of a column.
TYPES = ("string", "int", "bigint", "double", "date", "timestamp", "boolean", "decimal(18,2)")
TYPE = r"^[a-z]+([(<].+[)>])?$"
# What a spreadsheet writes instead of a code: 4,69E+11, Java's 4.69E11, and its errors, in English and Portuguese.
LOST_CODE = (
    r"^([0-9]{1,3}([.,][0-9]+[eE][+]?|[eE][+])[0-9]{1,3}"
    r"|#(N/A|N/D|REF!|VALUE!|VALOR!|NAME[?]|NOME[?]|NUM!|NÚM!|DIV/0!|NULL!|NULO!|#+))$"
)
_WITH_DIGITS = re.compile(r"^(?:[+-]?\s*R\$)?[^A-Za-z]*[0-9][0-9TZ:+./, -]*$")  # the values that notation.py reads


@dataclass(frozen=True)
class Key:
    """What contract.toml may say of a field: its meaning, the sections that have it, those that need it, its name in
    the file if that is another, the values that it may have, and whether another value makes other gold."""

    about: str
    sections: Sequence[str] = SECTIONS
    needed: Sequence[str] = ()
    name: str = ""
    values: Sequence[str] = ()
    pattern: str = ""
    makes_gold: bool = True


def _key(about: str, default: Any = dataclasses.MISSING, **more: Any) -> Any:
    """A field that is a key of contract.toml."""
    return field(default=default, metadata={"key": Key(about, **more)})


@dataclass(frozen=True)
class Column:
    """One column, by its name in the lake. Bronze calls it by the first of its `names` in sources."""

    name: str
    type: str = _key("Spark's type in the lake.", needed=SECTIONS, values=TYPES, pattern=TYPE)
    names: tuple[str, ...] = _key("Every name that it has had in the source.", (), sections=(SOURCES,), name="from")
    required: bool = _key("Whether each row needs a value.", False, sections=(SOURCES,))
    default: str | None = _key("What an empty value means.", None, sections=(SOURCES,))
    one_of: tuple[str, ...] = _key("The values that it may have, case and accents aside.", (), sections=(SOURCES,))
    reason: str = _key("The quarantine's reason for a value not in one_of.", "unknown_term", sections=(SOURCES,))
    digits: int = _key("The most digits that a whole number may have.", 9, sections=(SOURCES,))
    signed: bool = _key("Whether a number may be negative.", False, sections=(SOURCES,))
    optional: bool = _key("Whether the source may lack the column.", False, sections=(SOURCES,))
    personal: bool = _key("Whether its values are masked everywhere outside the product.", False)
    code: bool = _key(
        "Whether it is an identifier that a spreadsheet may have rewritten: 017, 17.0, 1.001, 4.69E+11.",
        False,
        sections=(SOURCES,),
    )
    about: str = _key("What it means.", "", makes_gold=False)

    @property
    def source(self) -> str:
        """The column's name in bronze."""
        return self.names[0] if self.names else self.name


@dataclass(frozen=True)
class Table:
    """One table of a source or of gold."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = _key("The columns that identify a row.", needed=SECTIONS)
    files: str = _key(
        "The stem of its files' names (* allowed), or its name in a database.",
        "",
        sections=(SOURCES,),
        needed=(SOURCES,),
    )
    locale: str = _key(
        "An additional notation of numbers and dates in its files.", "", sections=(SOURCES,), values=(PT_BR,)
    )
    format: str = _key("How its files are written, if not as text.", "", sections=(SOURCES,), values=(PARQUET,))
    drift: Mapping[str, str] = field(
        default_factory=dict, hash=False, metadata={"key": Key(DRIFT, (SOURCES,), (SOURCES,), makes_gold=False)}
    )
    database: bool = _key(
        "Whether a run that reads the pipeline's database reads the table there.", False, sections=(SOURCES,)
    )
    about: str = _key("What it is.", "", needed=SECTIONS, makes_gold=False)
    min_rows: int = _key("The least rows of a partition.", 1, sections=(GOLD,), makes_gold=False)
    fresh_hours: float = _key(
        "The most hours that its newest partition may be old.", 36, sections=(GOLD,), needed=(GOLD,), makes_gold=False
    )

    @property
    def schema(self) -> str:
        """The columns as Spark's DDL."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    @property
    def types(self) -> dict[str, str]:
        """The columns' Spark types by their names in the lake."""
        return {column.name: column.type for column in self.columns}

    @property
    def notes(self) -> dict[str, str]:
        """What the columns mean, by their names in the lake, of those that the contract explains."""
        return {column.name: column.about for column in self.columns if column.about}

    @property
    def personal(self) -> tuple[str, ...]:
        """The columns whose values are never printed."""
        return tuple(column.name for column in self.columns if column.personal)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The columns' names in bronze."""
        return tuple(column.source for column in self.columns)

    @property
    def optional_names(self) -> frozenset[str]:
        """The bronze names of the columns that a source may lack."""
        return frozenset(column.source for column in self.columns if column.optional)

    def column(self, name: str) -> Column:
        """The column with that name in the lake."""
        return next(column for column in self.columns if column.name == name)

    def may_be(self, fields: Sequence[str]) -> bool:
        """Whether text, in the order of the columns, can be a row, even a faulty one. Of the required cells and the
        filled ones at most one may be wrong; if one is, at least two numbers or dates must be right."""
        cells = zip(self.columns, fields, strict=True)
        looked = [(column, text.strip()) for column, text in cells if column.required or text.strip()]
        right = [bool(text) and (column.type == "string" or bool(_WITH_DIGITS.match(text))) for column, text in looked]
        typed = sum(good for good, (column, _) in zip(right, looked, strict=True) if column.type != "string")
        return all(right) or (right.count(False) == 1 and typed > 1)

    def source_name(self, header: str) -> str:
        """The bronze name of a source's column header; its plain spelling if the contract does not know it."""
        plain = plain_name(header)
        return next((column.source for column in self.columns if plain in column.names), plain)


@dataclass(frozen=True)
class Contract:
    """All tables that a pipeline reads (`sources`) and produces (`gold`), by name."""

    sources: Mapping[str, Table]
    gold: Mapping[str, Table]

    @property
    def digest(self) -> str:
        """A hash of all that decides what gold a run makes: neither of words about it, nor of when a run fails."""
        said = [(section, [_said(table) for table in tables.values()]) for section, tables in self.by_section]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @property
    def by_section(self) -> tuple[tuple[str, Mapping[str, Table]], ...]:
        """The tables of each section of contract.toml."""
        return ((SOURCES, self.sources), (GOLD, self.gold))


def keys_of(model: type[Column | Table], section: str) -> dict[str, tuple[dataclasses.Field[Any], Key]]:
    """The keys of contract.toml that a table or column of a section may have, by their names in the file."""
    keys = [(one, one.metadata["key"]) for one in dataclasses.fields(model) if "key" in one.metadata]
    return {key.name or one.name: (one, key) for one, key in keys if section in key.sections}


def plain_name(header: str) -> str:
    """A column's name as contracts spell it: no accents, no byte order mark, lower case, underscores for blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", header) if c != "\ufeff" and not unicodedata.combining(c))
    return "_".join(bare.lower().split())


def _said(of: Column | Table) -> list[Any]:
    """The name and those values of a table or column, and of its columns, that decide what gold is. A default is left
    out, so that a key that is new in the model makes no gold old."""
    fields = {one.name: one for one in dataclasses.fields(of)}
    kept = [name for name, one in fields.items() if "key" in one.metadata and one.metadata["key"].makes_gold]
    said = [(name, getattr(of, name)) for name in kept if getattr(of, name) != fields[name].default]
    return [of.name, said, [_said(column) for column in of.columns] if isinstance(of, Table) else ()]
