"""A pipeline's contract as its jobs use it: the tables of its contract.toml."""

from __future__ import annotations

import pkgutil
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

KEPT_WORDS = ("required", "default", "reason", "digits", "signed", "optional", "personal", "code")  # fields of Column
_WITH_DIGITS = re.compile(r"^(?:[+-]?\s*R\$)?[^A-Za-z]*[0-9][0-9TZ:+./, -]*$")  # the values that notation.py reads


@dataclass(frozen=True)
class Column:
    """One column: its name and Spark type in the lake. `names` are its spellings in sources; bronze uses the first."""

    name: str
    type: str
    names: tuple[str, ...] = ()
    required: bool = False
    default: str | None = None
    one_of: tuple[str, ...] = ()
    reason: str = "unknown_term"  # for a value that is not in `one_of`
    digits: int = 9  # the most digits that a whole number may have
    signed: bool = False  # whether a number may be negative
    optional: bool = False  # whether a source may lack the column
    personal: bool = False  # whether it is masked everywhere outside the product
    code: bool = False  # whether it is an identifier that a spreadsheet may have rewritten: 017, 17.0, 1.001, 4.69E+11

    @property
    def source(self) -> str:
        """The column's name in bronze."""
        return self.names[0] if self.names else self.name


@dataclass(frozen=True)
class Table:
    """One table of a source or of gold. `files` is the stem of a source's file names, or its table name in a
    database."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    files: str = ""
    locale: str = ""  # an additional notation for numbers and dates in its files: pt-BR

    @property
    def schema(self) -> str:
        """The columns as Spark's DDL."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

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


def plain_name(header: str) -> str:
    """A column's name as contracts spell it: no accents, no byte order mark, lower case, underscores for blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", header) if c != "\ufeff" and not unicodedata.combining(c))
    return "_".join(bare.lower().split())


@cache
def contract(pipeline: str) -> Contract:
    """The contract of a pipeline. Raises FileNotFoundError when the jobs contain none of that name."""
    text = pkgutil.get_data(pipeline, "contract.toml")  # of the pipeline's package, in the zip on a cluster
    if text is None:
        raise FileNotFoundError(f"{pipeline}/contract.toml")
    parsed = tomllib.loads(text.decode("utf-8"))
    sources, gold = ({n: _table(n, t) for n, t in parsed.get(kind, {}).items()} for kind in ("sources", "gold"))
    return Contract(sources, gold)


def _table(name: str, parsed: Mapping[str, Any]) -> Table:
    columns = tuple(_column(column, spec) for column, spec in parsed["columns"].items())
    return Table(name, columns, tuple(parsed["key"]), parsed.get("files", ""), parsed.get("locale", ""))


def _column(name: str, spec: Mapping[str, Any]) -> Column:
    kept: dict[str, Any] = {word: spec[word] for word in KEPT_WORDS if word in spec}
    return Column(name, spec["type"], tuple(spec.get("from", ())), one_of=tuple(spec.get("one_of", ())), **kept)
