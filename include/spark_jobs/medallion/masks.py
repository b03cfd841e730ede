"""What is personal, as it may be shown: its last four characters at most."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

SHOWN = 4


def masked(text: Column) -> Column:
    """The text with * in place of all but its last four characters; of a text that is no longer than that, all."""
    end = F.when(F.length(text) > SHOWN, F.substring(text, -SHOWN, SHOWN)).otherwise("")
    return F.when(text.isNotNull(), F.concat(F.lit("****"), end))
