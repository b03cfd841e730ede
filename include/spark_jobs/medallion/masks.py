"""Mask personal data: of a number the last four digits stay visible, of anything else nothing."""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

SHOWN = 4
END = rf".[0-9]{{{SHOWN}}}$"


def masked(text: Column) -> Column:
    """**** and the last four digits; **** alone for a text that does not end so, such as a name, or has no more."""
    end = F.when(text.rlike(END), F.substring(text, -SHOWN, SHOWN)).otherwise("")
    return F.when(text.isNotNull(), F.concat(F.lit("****"), end))


def hidden(value: object) -> str | None:
    """The same for a value that the driver has."""
    text = None if value is None else str(value)
    return text and f"****{text[-SHOWN:] if re.search(END, text) else ''}"
