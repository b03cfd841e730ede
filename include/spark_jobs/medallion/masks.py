"""Mask personal data: at most the last four characters stay visible."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

SHOWN = 4


def masked(text: Column) -> Column:
    """**** and the last four characters; **** alone for a text of four characters or fewer."""
    end = F.when(F.length(text) > SHOWN, F.substring(text, -SHOWN, SHOWN)).otherwise("")
    return F.when(text.isNotNull(), F.concat(F.lit("****"), end))


def hidden(value: object) -> str | None:
    """The same for a value that the driver has."""
    text = None if value is None else str(value)
    return text and f"****{text[-SHOWN:] if len(text) > SHOWN else ''}"
