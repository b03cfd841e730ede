"""A contract proposed from a sample: the types under which the engine reads its values, a key, personal columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations

from embedded.new import personal
from embedded.new.sample import Sample
from medallion.notation import PLAIN, notations_of_numbers, rewritten, with_two_readings
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
# What the words of a column's name say that it is. An amount may be that of an order: `order` may be no code.
_CODE_NAME = re.compile(
    r"(^|_)(id|code|cod|codigo|key|chave|uuid|sku|ean)(_|$)|(order|sale|customer|cliente|pedido)id$"
)
_IDENTIFIES = re.compile(rf"{_CODE_NAME.pattern}|(^|_)(number|numero|num|nro|nr|order|pedido|serial|protocolo)(_|$)")
_AMOUNT = re.compile(
    r"valor|preco|price|amount|total|quantidade|quantity|(^|_)(value|qtde?|qty|units?|unidades?|itens|items|desconto"
    r"|discount|saldo|balance|custo|cost|tarifa|fee|imposto|tax|frete|freight|juros|salario|salary|receita|revenue"
    r"|lucro|profit|peso|weight|volume)(_|$)"
)
_NO_SUM = re.compile(  # numbers of which a sum says nothing
    r"(^|_)(ano|year|mes|month|dia|day|semana|week|hora|hour|idade|age|lat|latitude|lon|lng|longitude|taxa|rate|percent"
    r"|percentual|pct|aliquota|ratio|score|nota|rating|rank|temperatura|temperature|line|linha|versao|version|ddd"
    r"|loja|store|cliente|customer|produto|product|pago|paid|ativo|active|flag)(_|$)|^(is|has)_"
)
WIDEST_KEY, CANDIDATES = 3, 10
FEW = 20  # distinct values of a column to group by, at most; half of the rows have another one's value


@dataclass(frozen=True)
class Proposal:
    """A source table as proposed, the kind of each personal column, how many rows of the sample repeat another in full,
    a value of each column that stays text because it may be read in two ways, and the gold table made of it: the column
    that it groups by ('' if none may be: it then has one row) and those that it adds up."""

    sample: Sample
    table: Table
    personal: dict[str, str]
    group: str
    sums: tuple[str, ...]
    repeats: int = 0
    doubtful: Mapping[str, str] = field(default_factory=dict)

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
    rows = [tuple(map(str.strip, record.fields)) for record in sample.records if record.fields is not None]
    values = [[row[n] for row in rows] for n in range(len(sample.table.columns))]
    kinds = {c.name: kind for c, v in zip(sample.table.columns, values, strict=True) if (kind := _kind(c, v))}
    table = sample.table if sample.typed else _typed(sample, kinds, values)
    key = table.key or key_of(table.columns, rows, kinds)
    full = {column.name for column, cells in zip(table.columns, values, strict=True) if all(cells)}
    needed = full & ({*key} | {c.name for c in table.columns if c.type != "string" and not sample.typed})
    columns = tuple(replace(c, required=c.required or c.name in needed) for c in table.columns)
    group = _group(columns, values, key, kinds, full)
    columns = tuple(replace(column, required=column.required or column.name == group) for column in columns)
    sums = tuple(c.name for c in columns if _adds_up(c) and c.name not in (*key, group, *kinds))
    repeats = len(rows) - len(set(rows))
    texts = [] if sample.typed else [n for n, c in enumerate(columns) if c.type == "string" and c.name not in kinds]
    doubtful = {columns[n].name: value for n in texts if (value := with_two_readings(values[n]))}
    return Proposal(sample, replace(table, columns=columns, key=key), kinds, group, sums, repeats, doubtful)


def _typed(sample: Sample, kinds: dict[str, str], values: Sequence[Sequence[str]]) -> Table:
    """The table with the types that its rows show, in the notation that shows more of them. A plain contract reads
    1.506 as a fraction, so it has no column of such values unless another number shows that its points are decimal."""
    brazilian = _typed_in(sample, kinds, values, PT_BR)
    shown = notations_of_numbers(brazilian.columns, [row.fields for row in sample.records if row.fields is not None])
    plain = _typed_in(sample, kinds, values, "", shown)
    return max(plain, brazilian, key=lambda table: sum(column.type != "string" for column in table.columns))


def _kind(column: Column, values: Sequence[str]) -> str:
    return personal.kind_of(column.name, [value for value in values if value])


def _typed_in(
    sample: Sample, kinds: dict[str, str], values: Sequence[Sequence[str]], locale: str, shown: Set[str] = frozenset()
) -> Table:
    """The sample's columns with the first type each that fits. Numbers first: they show the notation of dates; in a
    locale twice, since they show that of each other. `shown`: the notations of the sample's numbers."""
    table = replace(sample.table, locale=locale)
    for types in (NUMBERS, NUMBERS, TIMES) if locale else (NUMBERS, TIMES):
        for at, column in enumerate(table.columns):
            if column.type == "string" and column.name not in kinds:
                for kind in _possible(types, values[at]):
                    trial = replace(
                        column, type=kind, digits=LONG if kind == "bigint" else 9, signed=_signed(values[at], kind)
                    )
                    tried = replace(table, columns=(*table.columns[:at], trial, *table.columns[at + 1 :]))
                    if _fits(tried, sample, at, types[kind]) and (locale or _is_clear(trial, values[at], shown)):
                        table = tried
                        break
    return table


def _is_clear(column: Column, values: Sequence[str], shown: Set[str]) -> bool:
    """Whether a plain reading of the column is the only one, by its own numbers and those of the others."""
    if column.type in TIMES or not with_two_readings(values):
        return True
    return shown | notations_of_numbers([column], [(value,) for value in values]) == {PLAIN}


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
    """The fewest columns that no two rows share and every row has: those whose names identify first, personal ones only
    where no others do, amounts never. All columns where there are none.

    Rows that repeat another in full show of no column that it identifies, so then its name must say it.
    """
    different = {tuple(map(str.strip, row)) for row in rows}
    repeat = len(different) < len(rows)
    full = [n for n, c in enumerate(columns) if not _is_amount(c) and all(row[n] for row in different)]
    may = sorted(full, key=lambda n: not _IDENTIFIES.search(columns[n].name))
    may = [n for n in may if _IDENTIFIES.search(columns[n].name) or not repeat]
    people = [n for n in may if columns[n].name in kinds]
    others = [n for n in may if n not in people]
    for candidates in (others, [*people, *others] if people else []):
        for width in range(1, WIDEST_KEY + 1):
            for chosen in combinations(candidates[:CANDIDATES], width):
                if len({tuple(row[n] for n in chosen) for row in different}) == len(different):
                    return tuple(columns[n].name for n in sorted(chosen))
    return tuple(column.name for column in columns)


def _is_amount(column: Column) -> bool:
    """Whether a column is a number with a fraction, or is called like an amount: nothing that identifies a row."""
    if column.type in ("int", "bigint"):
        return bool(_AMOUNT.search(column.name)) and not _CODE_NAME.search(column.name)
    return column.type.startswith(("decimal", "double", "float"))


def _adds_up(column: Column) -> bool:
    """Whether the sum of a column says something: of numbers that are neither codes nor the like of years and rates."""
    if column.type not in NUMBERS or _CODE_NAME.search(column.name):
        return False
    named = column.type == MONEY_TYPE or _AMOUNT.search(column.name)
    return bool(named) or not (_IDENTIFIES.search(column.name) or _NO_SUM.search(column.name))


def _group(
    columns: Sequence[Column],
    values: Sequence[Sequence[str]],
    key: Sequence[str],
    kinds: dict[str, str],
    full: set[str],
) -> str:
    """The column that gold groups by: a date or time, else a text or a code of few values, none of them personal, since
    gold would publish them, and not the key, of which each row has another; '' if there is none."""
    may = [(c, v) for c, v in zip(columns, values, strict=True) if c.name in full and c.name not in kinds]
    dates = [c.name for kind in TIMES for c, _ in may if c.type == kind and (kind == "timestamp" or [c.name] != [*key])]
    few = [c for c, given in may if c.name not in key and _are_few(given)]
    texts = [c.name for c in few if c.type in ("string", "boolean")]
    codes = [c.name for c in few if c.type in ("int", "bigint") and _IDENTIFIES.search(c.name) and not _is_amount(c)]
    return next(iter([*dates, *texts, *codes]), "")


def _are_few(values: Sequence[str]) -> bool:
    distinct = len(set(values))
    return distinct <= min(FEW, (len(values) + 1) // 2) and distinct < len(values)
