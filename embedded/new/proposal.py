"""A contract proposed from a sample: the types under which the engine reads its values, a key, personal columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from embedded.new import personal
from embedded.new.sample import Sample
from medallion.notation import rewritten
from medallion.shapes import DAY, FIGURE, MOMENT, MONEY_TYPE, money, whole
from nightshift_contract.model import PT_BR, Column, Table

WHOLE, LONG = 7, 18  # digits of an int, of a bigint
MOST_ODD = 0.02  # the share of a column's values that may not fit its type
NUMBERS = {
    "int": whole(WHOLE, signed=True),
    "bigint": whole(LONG, signed=True),
    MONEY_TYPE: money(signed=True),
    "double": FIGURE,
}
TIMES = {"date": DAY, "timestamp": MOMENT}
_PLAIN_WHOLE = re.compile(r"-?[0-9]+")
_CODE = re.compile(r"0[0-9]+")  # 00017 is no number: its zeros would be lost
_IDENTIFIES = re.compile(r"(^|_)(id|code|codigo|number|numero|num|key|chave|uuid|order|pedido)(_|$)")
AMOUNTS = (MONEY_TYPE, "double")  # neither a key nor a column to group by
WIDEST_KEY, CANDIDATES = 3, 10
FEW = 20  # distinct values of a column to group by


@dataclass(frozen=True)
class Proposal:
    """A source table as proposed, the kind of each personal column, and the gold table made of it: the column that it
    groups by ('' if only personal ones could be: it then has one row) and those that it adds up."""

    sample: Sample
    table: Table
    personal: dict[str, str]
    group: str
    sums: tuple[str, ...]

    @property
    def group_by(self) -> Column:
        """The column of gold that it groups by: of a time, its date; of no column, the night's business date."""
        if not self.group:
            return Column("delivery_date", "date")
        column = self.table.column(self.group)
        return Column(f"{column.name}_date", "date") if column.type == "timestamp" else column

    @property
    def gold(self) -> str:
        """The name of the gold table."""
        return f"{self.table.name}_by_{self.group_by.name}"


def propose(sample: Sample) -> Proposal:
    """The contract that fits a sample. The locale is Brazilian only if more columns have a type so. A column is
    required if the source says so, if it is of the key, or if its rows show a type and are full."""
    rows = [record.fields for record in sample.records if record.fields is not None]
    values = [[row[n].strip() for row in rows] for n in range(len(sample.table.columns))]
    kinds = {c.name: kind for c, v in zip(sample.table.columns, values, strict=True) if (kind := _kind(c, v))}
    table = sample.table if sample.typed else _typed(sample, kinds, values)
    key = table.key or key_of(table.columns, rows, kinds)
    full = {column.name for column, cells in zip(table.columns, values, strict=True) if all(cells)}
    needed = full & ({*key} | {c.name for c in table.columns if c.type != "string" and not sample.typed})
    columns = tuple(replace(c, required=c.required or c.name in needed) for c in table.columns)
    group = _group(columns, values, key, kinds, full)
    columns = tuple(replace(column, required=column.required or column.name == group) for column in columns)
    sums = tuple(c.name for c in columns if c.type == MONEY_TYPE and c.name not in (*key, group))
    return Proposal(sample, replace(table, columns=columns, key=key), kinds, group, sums)


def _typed(sample: Sample, kinds: dict[str, str], values: Sequence[Sequence[str]]) -> Table:
    """The table with the types that its rows show, in the notation that shows more of them."""
    plain, brazilian = (_typed_in(sample, kinds, values, locale) for locale in ("", PT_BR))
    return max(plain, brazilian, key=lambda table: sum(column.type != "string" for column in table.columns))


def _kind(column: Column, values: Sequence[str]) -> str:
    return personal.kind_of(column.name, [value for value in values if value])


def _typed_in(sample: Sample, kinds: dict[str, str], values: Sequence[Sequence[str]], locale: str) -> Table:
    """The sample's columns with the first type each that fits. Numbers first: they show the notation of dates."""
    table = replace(sample.table, locale=locale)
    for types in (NUMBERS, TIMES):
        for at, column in enumerate(table.columns):
            if column.type == "string" and column.name not in kinds:
                for kind in _possible(types, values[at]):
                    trial = replace(
                        column, type=kind, digits=LONG if kind == "bigint" else 9, signed=_signed(values[at], kind)
                    )
                    tried = replace(table, columns=(*table.columns[:at], trial, *table.columns[at + 1 :]))
                    if _fits(tried, sample, at, types[kind]):
                        table = tried
                        break
    return table


def _possible(types: dict[str, str], values: Sequence[str]) -> Iterator[str]:
    """The types that a column may have, by what its values are before any notation is undone."""
    given = [value for value in values if value]
    if not given or any(_CODE.fullmatch(value) for value in given):
        return
    no_fraction = all(_PLAIN_WHOLE.fullmatch(value) for value in given)
    yield from (kind for kind in types if kind not in ("int", "bigint") or no_fraction)


def _signed(values: Sequence[str], kind: str) -> bool:
    return kind in NUMBERS and kind != "double" and any("-" in value[:4] for value in values)


def _fits(table: Table, sample: Sample, at: int, shape: str) -> bool:
    """Whether the engine reads the values of one column under its type, but for a few."""
    read, _ = rewritten(table, sample.records)
    before = [record.fields[at].strip() for record in sample.records if record.fields is not None]
    given = sum(map(bool, before))
    right = [record.fields[at].strip() for record in read if record.fields is not None]
    return sum(_is(value, shape) for value in right if value) >= given * (1 - MOST_ODD)


def _is(value: str, shape: str) -> bool:
    if not re.match(shape, value):
        return False
    if shape not in (DAY, MOMENT):
        return True
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def key_of(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], kinds: dict[str, str]) -> tuple[str, ...]:
    """The fewest columns that no two different rows share and every row has, those whose names identify first; all
    columns where there are none."""
    different = set(rows)
    may = [n for n, c in enumerate(columns) if c.type not in AMOUNTS and all(row[n].strip() for row in rows)]
    may.sort(key=lambda n: (not _IDENTIFIES.search(columns[n].name), columns[n].name in kinds, n))
    for width in range(1, WIDEST_KEY + 1):
        for chosen in combinations(may[:CANDIDATES], width):
            if len({tuple(row[n].strip() for n in chosen) for row in different}) == len(different):
                return tuple(columns[n].name for n in sorted(chosen))
    return tuple(column.name for column in columns)


def _group(
    columns: Sequence[Column],
    values: Sequence[Sequence[str]],
    key: Sequence[str],
    kinds: dict[str, str],
    full: set[str],
) -> str:
    """The column that gold groups by: a date or time, else a text of few values, else the key's first column; '' if
    only amounts are left and personal columns, whose values gold would publish."""
    may = [(c, len(set(v))) for c, v in zip(columns, values, strict=True) if c.name in full and c.name not in kinds]
    dates = [column.name for kind in TIMES for column, _ in may if column.type == kind]
    texts = [c.name for c, distinct in may if c.type == "string" and c.name not in key and distinct <= FEW]
    others = [c.name for c, _ in may if c.name in key] or [c.name for c, _ in may if c.type not in AMOUNTS]
    return next(iter([*dates, *texts, *others]), "")
