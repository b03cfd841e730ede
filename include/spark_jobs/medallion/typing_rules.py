"""Strict typing of text columns: the format of a number, a date, a listed term, and the reason for any other text.

Every rule checks a text column that `clean` has trimmed; a null passes all rules except `missing`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from medallion.codes import one_spelling
from medallion.quality import Rule, judge
from medallion.shapes import DAY, FIGURE, MOMENT, MONEY_TYPE, money, whole
from nightshift_contract.model import LOST_CODE, Table
from nightshift_contract.model import Column as Promise

# With this bound, and those of shapes.py, ten million products of two add up within decimal(18,2).
AMOUNT = 10**9
INVISIBLE = "\ufeff\u200b\u2060\u200e\u200f"  # around a value: a byte order mark, marks of width and direction
PLAIN = r"^[\x20-\x7e\xa1-\u02ff]*\z"  # printable; nothing of it can be composed further
ONE_SPELLING = (
    r"^([1-9][0-9]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{1,9})?\z"  # as codes.one_spelling leaves it
)
_ACCENTED, _PLAIN = "áàâãäéèêëíìîïóòôõöúùûüçñ", "aaaaaeeeeiiiiooooouuuucn"


def rules_of(table: Table) -> list[Rule]:
    """The rules of a source table's contract, in the order in which the first broken one becomes the reason."""
    needed = missing([column.source for column in table.columns if column.required])
    shapes = [rule for column in table.columns for rule in _shape(column)]
    lists = [not_listed(column.reason, column.source, column.one_of) for column in table.columns if column.one_of]
    return [needed, *shapes, *lists]


def _shape(column: Promise) -> list[Rule]:
    """The rules that follow from a column's type."""
    if column.code:
        return [not_a_code(column)]
    if column.type in ("int", "bigint"):
        return [not_a_number(column.source, whole(column.digits, signed=column.signed))]
    if column.type == MONEY_TYPE:
        return [not_a_number(column.source, money(signed=column.signed))]
    if column.type == "double":
        return [not_a_number(column.source, FIGURE)]
    if column.type == "timestamp":
        return [not_a_moment(column.source)]
    return [not_a_date(column.source)] if column.type == "date" else []


def judge_rows(frame: DataFrame, rules: Sequence[Rule], beside: Sequence[Promise]) -> DataFrame:
    """Judge the rows of a source table. An unreadable value in a `beside` column, which the product does not need, is
    left out with a warning: the row, and all that refers to it, stay. A column with a default is none of these: the
    value would count as the default."""
    left_out = [column for column in beside if column.default is None]
    return judge(without_unreadable(frame, left_out), rules, F.col("unreadable")).drop("unreadable")


def without_unreadable(frame: DataFrame, columns: Iterable[Promise]) -> DataFrame:
    """The rows with each value of these columns set to null if it breaks its type's rules; `unreadable` is the reason
    of the first such value, null if there was none."""
    rules = {column.source: rule for column in columns for rule in _shape(column)}
    reasons = [F.when(rule.broken, F.lit(rule.reason)) for rule in rules.values()]
    unreadable = F.coalesce(*reasons, F.lit(None).cast("string"))
    left_out = {name: F.when(~rule.broken, F.col(name)) for name, rule in rules.items()}
    return frame.withColumns({**left_out, "unreadable": unreadable})


def typed_columns(table: Table) -> dict[str, Column]:
    """The columns of a judged source table under their lake names and types; null where a value is missing."""
    return {column.name: _typed(column).alias(column.name) for column in table.columns}


def _typed(column: Promise) -> Column:
    if column.one_of:
        return listed(column.source, column.one_of)
    value = _value(column)
    return value if column.default is None else F.coalesce(value, F.lit(column.default).cast(column.type))


def _value(column: Promise) -> Column:
    if column.type == "timestamp":
        return moment(column.source)
    return F.col(column.source) if column.type == "string" else typed(column.source, column.type)


def clean(frame: DataFrame, table: Table, words: Collection[str] = ()) -> DataFrame:
    """The text columns of a source table normalised to NFC and trimmed, codes in one spelling; `words` stay as the
    source spells them. A blank value becomes null."""
    # Spark 3.5 has no built-in for NFC. Printable text without combining marks is composed and has no other blanks
    # around it than spaces: only other texts, and codes that may have another spelling, travel to Python and back.
    columns = table.source_names
    ways = [_composed if c.source in words else _code if c.code else _trimmed for c in table.columns]
    text = F.concat_ws("", *columns)
    one_way = [F.coalesce(F.trim(c.source).rlike(ONE_SPELLING), F.lit(True)) for c in table.columns if c.code]
    plain = reduce(Column.__and__, one_way, text.rlike(PLAIN))
    cleaned = F.udf(partial(_clean, ways), "array<string>")(F.when(~F.col("_plain"), F.array(*columns)))
    whole = frame.withColumn("_plain", plain).withColumn("_clean", cleaned)
    kept = {c: F.col(c) if c in words else F.trim(c) for c in columns}
    easy = {c: F.when(F.trim(c) != "", kept[c]) for c in columns}
    both = {c: F.when(F.col("_plain"), easy[c]).otherwise(F.col("_clean")[i]) for i, c in enumerate(columns)}
    others = [c for c in frame.columns if c not in columns]
    return whole.select(*others, *[column.alias(c) for c, column in both.items()])


def _clean(ways: Sequence[Callable[[str], str]], values: Sequence[str | None] | None) -> list[str | None] | None:
    if values is None:
        return None
    return [(way(value) or None) if value else None for way, value in zip(ways, values, strict=True)]


def _trimmed(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip().strip(INVISIBLE).strip()


def _composed(value: str) -> str:
    return "" if value.isspace() else unicodedata.normalize("NFC", value)


def _code(value: str) -> str:
    return one_spelling(_trimmed(value))


def missing(columns: Sequence[str]) -> Rule:
    """Rule: a required column is empty."""
    names = F.concat_ws(", ", *[F.when(F.col(c).isNull(), F.lit(c)) for c in columns])
    return Rule("missing_value", names != "", F.concat(F.lit("nothing in "), names))


def not_a_number(column: str, shape: str) -> Rule:
    """Rule: a number has other characters than digits and a decimal point, or is too large."""
    return Rule("bad_number", ~F.col(column).rlike(shape), _shown(column))


def beyond_measure(quantity: str, value: str) -> Rule:
    """Rule: quantity times value exceeds what one cell may hold."""
    worth = typed(quantity, "bigint") * typed(value, MONEY_TYPE)
    detail = F.concat(_shown(quantity), F.lit(" and "), _shown(value))
    return Rule("bad_number", worth >= AMOUNT, detail)


def not_a_code(column: Promise) -> Rule:
    """Rule: a spreadsheet replaced a code, which is lost; distinct codes became equal."""
    shown = F.lit(f"{column.source} has lost digits") if column.personal else _shown(column.source)
    return Rule("rewritten_code", F.trim(column.source).rlike(LOST_CODE), shown)


def not_a_date(column: str) -> Rule:
    """Rule: a date is not YYYY-MM-DD, not in the calendar, or before 1900."""
    wrong = ~F.col(column).rlike(DAY) | typed(column, "date").isNull()
    return Rule("bad_date", F.col(column).isNotNull() & wrong, _shown(column))


def not_a_moment(column: str) -> Rule:
    """Rule: a moment is not YYYY-MM-DD with or without a time, not in the calendar, or before 1900."""
    return Rule("bad_date", F.col(column).isNotNull() & moment(column).isNull(), _shown(column))


def moment(column: str) -> Column:
    """The column as a timestamp, with any number of blanks between day and time; null where it is none. Spark's cast
    alone takes a time without a day for today's, and a year for its first day."""
    cast = F.expr(f"try_cast(regexp_replace(`{column}`, '[ T]+', ' ') as timestamp)")
    return F.when(F.col(column).rlike(MOMENT), cast)


def not_listed(reason: str, column: str, terms: Sequence[str]) -> Rule:
    """Rule: a term is not in the list, compared without case and accents."""
    return Rule(reason, F.col(column).isNotNull() & listed(column, terms).isNull(), _shown(column))


def listed(column: str, terms: Sequence[str]) -> Column:
    """The listed term that a value matches, spelt as in the list; null if none."""
    by_fold: Mapping[str, str] = {term.lower().translate(str.maketrans(_ACCENTED, _PLAIN)): term for term in terms}
    spelt = F.create_map(*[F.lit(word) for pair in by_fold.items() for word in pair])
    return spelt[F.translate(F.lower(F.col(column)), _ACCENTED, _PLAIN)]


def typed(column: str, data_type: str) -> Column:
    """The column cast to a type, null (whatever the session's ANSI mode) where it cannot be."""
    return F.expr(f"try_cast(`{column}` as {data_type})")


def _shown(column: str) -> Column:
    return F.concat(F.lit(f"{column} is '"), F.col(column), F.lit("'"))
