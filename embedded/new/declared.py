"""Columns whose type the source declares: a Parquet file's schema, a database's catalogue."""

from __future__ import annotations

from dataclasses import replace

from embedded.new.proposal import LONG
from medallion.shapes import MONEY_TYPE
from nightshift_contract.model import Column

CENTS = 2  # decimal places of an amount
NUMBERS = ("int", "bigint", MONEY_TYPE)


def column(own: Column, kind: str, *, required: bool = False) -> Column:
    """The column with a type of the lake. A number may be negative, whatever the first rows have."""
    signed, digits = kind in NUMBERS, LONG if kind == "bigint" else own.digits
    return replace(own, type=kind, signed=signed, digits=digits, required=required)


def decimal(scale: int | None) -> str:
    """The type for exact numbers with so many decimal places (None: any): whole, an amount, or else approximate."""
    if scale is None or scale > CENTS:
        return "double"
    return MONEY_TYPE if scale > 0 else "bigint"
