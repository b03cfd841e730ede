"""A pipeline's contract as its jobs use it: the tables of contracts/<pipeline>.toml, and what follows from them."""

from __future__ import annotations

import pkgutil
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

KEPT_WORDS = ("required", "default", "reason", "digits", "signed", "optional", "personal", "code")  # as a Column says
_WITH_DIGITS = re.compile(r"^(?:[+-]?\s*R\$)?[^A-Za-z]*[0-9][0-9TZ:+./, -]*$")  # as notation.py reads them


@dataclass(frozen=True)
class Column:
    """One column: its name and Spark type in the lake; `names` is how sources spell it, first as bronze does."""

    name: str
    type: str
    names: tuple[str, ...] = ()
    required: bool = False
    default: str | None = None
    one_of: tuple[str, ...] = ()
    reason: str = "unknown_term"  # of a value that is none of `one_of`
    digits: int = 9  # the most that a whole number may have
    signed: bool = False  # whether a number may be negative
    optional: bool = False  # whether a source may come without the column
    personal: bool = False  # whether it is masked wherever it is no product
    code: bool = False  # whether it is a number by name, which a spreadsheet may have rewritten: 017, 17.0, 4.69E+11

    @property
    def source(self) -> str:
        """What bronze calls the column."""
        return self.names[0] if self.names else self.name


@dataclass(frozen=True)
class Table:
    """One table: of a source (`files` is the stem of its files' names or its table in a database), or of gold."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    files: str = ""
    locale: str = ""  # how its files may write figures and dates besides: pt-BR

    @property
    def schema(self) -> str:
        """The columns as Spark's DDL."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The columns as bronze calls them."""
        return tuple(column.source for column in self.columns)

    @property
    def optional_names(self) -> frozenset[str]:
        """The columns, as bronze calls them, that a source may come without."""
        return frozenset(column.source for column in self.columns if column.optional)

    def column(self, name: str) -> Column:
        """The column of that name in the lake."""
        return next(column for column in self.columns if column.name == name)

    def may_be(self, fields: Sequence[str]) -> bool:
        """Whether text can be a row, in the order of the columns, a faulty one too: of what must be filled, and of
        figures and dates, at most one cell is not as it should be, and at least two are."""
        cells = zip(self.columns, fields, strict=True)
        looked = [(column, text.strip()) for column, text in cells if column.required or text.strip()]
        right = [bool(text) and (column.type == "string" or bool(_WITH_DIGITS.match(text))) for column, text in looked]
        typed = sum(good for good, (column, _) in zip(right, looked, strict=True) if column.type != "string")
        return all(right) or (right.count(False) == 1 and typed > 1)

    def source_name(self, header: str) -> str:
        """What bronze calls the column that a source spells so; its plain spelling if the contract knows none such."""
        plain = plain_name(header)
        return next((column.source for column in self.columns if plain in column.names), plain)


@dataclass(frozen=True)
class Contract:
    """Every table that a pipeline takes in (`sources`) and gives out (`gold`), by name."""

    sources: Mapping[str, Table]
    gold: Mapping[str, Table]


def plain_name(header: str) -> str:
    """A column's name as contracts spell it: no accents, no mark, lower case, underscores for blanks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", header) if c != "\ufeff" and not unicodedata.combining(c))
    return "_".join(bare.lower().split())


@cache
def contract(pipeline: str) -> Contract:
    """The contract of a pipeline. Raises FileNotFoundError when the jobs carry none of that name."""
    text = pkgutil.get_data("contracts", f"{pipeline}.toml")  # out of the zip on a cluster
    told = tomllib.loads((text or b"").decode("utf-8"))
    sources, gold = ({n: _table(n, t) for n, t in told.get(kind, {}).items()} for kind in ("sources", "gold"))
    return Contract(sources, gold)


def _table(name: str, told: Mapping[str, Any]) -> Table:
    columns = tuple(_column(column, spec) for column, spec in told["columns"].items())
    return Table(name, columns, tuple(told["key"]), told.get("files", ""), told.get("locale", ""))


def _column(name: str, spec: Mapping[str, Any]) -> Column:
    kept: dict[str, Any] = {word: spec[word] for word in KEPT_WORDS if word in spec}
    return Column(name, spec["type"], tuple(spec.get("from", ())), one_of=tuple(spec.get("one_of", ())), **kept)
