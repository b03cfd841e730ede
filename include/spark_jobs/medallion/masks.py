"""Mask personal data in a frame, as nightshift_contract/masks.py does a value, and rows as JSON."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from nightshift_contract.masks import END, SHOWN
from nightshift_contract.model import Table


def masked(text: Column) -> Column:
    """**** and the last four digits; **** alone for a text that does not end so, such as a name, or has no more."""
    end = F.when(text.rlike(END), F.substring(text, -SHOWN, SHOWN)).otherwise("")
    return F.when(text.isNotNull(), F.concat(F.lit("****"), end))


def as_json(table: Table) -> Column:
    """A row of a source table, by bronze's names, as JSON; its personal values are masked."""
    shown = [(masked(F.col(c.source)) if c.personal else F.col(c.source)).alias(c.source) for c in table.columns]
    return F.to_json(F.struct(*shown), {"ignoreNullFields": "false"})
