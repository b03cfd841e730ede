"""What a contract's types accept of a text: figures, moments, signed numbers."""

import unicodedata
from itertools import product
from random import Random
from typing import Any

import pytest

from medallion import typing_rules
from medallion.quality import judge
from medallion.typing_rules import clean, rules_of, typed_columns
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


CODES = ["17", "0017", "17.0", "1.001", "BR", "br", "A-17", " 9 ", "9  9", "'17", '="0017"', "4.69E+11", "0", "AB1"]
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
PIECES = [
    "",
    " ",
    "a",
    "ç",
    "e\u0301",
    "\n",
    "\t",
    "\x1f",
    "\x85",
    "\xa0",
    "\xad",
    "\ufeff",
    "\u200b",
    "\u2028",
    "ÿ",
    "Å",
    "\u212b",
]


def test_a_text_that_stays_in_the_jvm_becomes_what_python_makes_of_it(spark: Any) -> None:
    names = {"c": "code", "t": "text", "w": "word"}
    table = Table("t", tuple(Column(name, "string", (name,), code=name == "c") for name in names), ("c",))
    codes = [*CODES, UUID, UUID.upper(), f"{{{UUID}}}", *PIECES]
    texts = ["".join(pair) for pair in product(PIECES, repeat=2)] + ["rua da praia, 12"]
    rng = Random(1)
    rows = [(n, rng.choice(codes), rng.choice(texts), rng.choice(texts)) for n in range(400)]
    rows += [(len(rows) + n, code, None, None) for n, code in enumerate(codes)]
    ways = [typing_rules._code, typing_rules._trimmed, typing_rules._composed]
    found = clean(spark.createDataFrame(rows, "n int, c string, t string, w string"), table, words=("w",))
    assert {row["n"]: (row["c"], row["t"], row["w"]) for row in found.collect()} == {
        n: tuple(typing_rules._clean(ways, values)) for n, *values in rows
    }


def test_what_counts_as_printable_is_composed_already() -> None:
    letters = [chr(n) for n in (*range(0x20, 0x7F), *range(0xA1, 0x300))]
    assert all(unicodedata.is_normalized("NFC", letter) and not unicodedata.combining(letter) for letter in letters)
    assert [letter for letter in letters if letter.isspace()] == [" "]
