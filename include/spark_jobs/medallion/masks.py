"""Mask personal data in a frame, as nightshift_contract/masks.py does a value."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from nightshift_contract.masks import END, SHOWN


def masked(text: Column) -> Column:
    """**** and the last four digits; **** alone for a text that does not end so, such as a name, or has no more."""
    end = F.when(text.rlike(END), F.substring(text, -SHOWN, SHOWN)).otherwise("")
    return F.when(text.isNotNull(), F.concat(F.lit("****"), end))
