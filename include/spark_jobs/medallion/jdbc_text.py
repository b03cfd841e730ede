"""Convert database values to the typing rules' form: numbers without exponent, moments in the business's local time.

A value that cannot be converted is kept unchanged: the rules then report why it is no number or date.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from medallion.typing_rules import moment

SINGLE, DOUBLE = "float", {"float", "real", "double", "double precision"}
WITH_ZONE = r":[0-9]{2}([.][0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
FIRST_ZEROS, LAST_ZEROS = r"^(-?)0+(?=[0-9])", r"([.][0-9]*[1-9])0+$|[.]0+$"  # of ZEROFILL, and of a scale


def as_said(column: str, promised: str, declared: str, zone: str, is_instant: bool) -> Column:
    """The text of a column, given its type in the contract and in the database. `is_instant`: the value is in UTC
    although its text has no zone."""
    value = F.col(column)
    if promised in ("timestamp", "date") and is_instant:
        value = _local(column, zone)
    elif promised in ("timestamp", "date"):
        value = F.when(value.rlike(WITH_ZONE), _local(column, zone)).otherwise(value)
    elif promised != "string":
        value = F.regexp_replace(F.regexp_replace(_plain(column, declared), LAST_ZEROS, "$1"), FIRST_ZEROS, "$1")
    return value.alias(column)


def _local(column: str, zone: str) -> Column:
    """An instant in the zone's local time."""
    return F.coalesce(F.from_utc_timestamp(moment(column), zone).cast("string"), F.col(column))


def _plain(column: str, declared: str) -> Column:
    """A number in digits and a point; a four-byte float, which arrives as eight bytes, in its shortest exact form."""
    if declared not in DOUBLE:
        return F.col(column)
    shortest = f"string(try_cast(`{column}` as float))" if declared == SINGLE else f"`{column}`"
    exact = F.expr(f"string(try_cast({shortest} as decimal(38, 12)))")
    return F.when(F.expr(shortest).rlike("[eE]"), F.coalesce(exact, F.col(column))).otherwise(F.expr(shortest))
