"""What a contract's types accept of a text: figures, moments, signed numbers."""

from typing import Any

import pytest

from medallion.quality import judge
from medallion.typing_rules import rules_of, typed_columns
from nightshift_contract.model import Column, Table


def told(spark: Any, column: Column, texts: list[str]) -> list[Any]:
    """The value of each text in such a column, or why it has none."""
    table = Table("t", (column,), ("n",))
    frame = spark.createDataFrame(list(enumerate(texts)), f"n int, {column.source} string")
    judged = judge(frame, rules_of(table)).select("n", "reason", typed_columns(table)[column.name].cast("string"))
    return [row["reason"] or row[column.name] for row in sorted(judged.collect(), key=lambda row: row["n"])]


@pytest.mark.parametrize(
    ("column", "texts", "expected"),
    [
        (
            Column("c", "double", ("c",)),
            ["-1", "2.5", "54.0", "1e9", "1,5", "x"],
            ["-1.0", "2.5", "54.0", *["bad_number"] * 3],
        ),
        (Column("c", "bigint", ("c",)), ["7", "-7"], ["7", "bad_number"]),
        (Column("c", "bigint", ("c",), signed=True), ["7", "-7", "+7", "7.0"], ["7", "-7", "bad_number", "bad_number"]),
        (
            Column("c", "timestamp", ("c",)),
            [
                "2021-03-23T03:00:19.869Z",
                "2021-03-23T00:00:00-03:00",
                "2021-03-23",
                "2021-02-31T00:00:00Z",
                "23/03/2021",
            ],
            ["2021-03-23 03:00:19.869", "2021-03-23 03:00:00", "2021-03-23 00:00:00", "bad_date", "bad_date"],
        ),
    ],
    ids=["figures", "counts", "signed counts", "moments"],
)
def test_a_text_is_a_value_of_its_type_or_told_as_none(
    spark: Any, column: Column, texts: list[str], expected: list[str]
) -> None:
    assert told(spark, column, texts) == expected
