"""The conservation law on small frames."""

from random import Random
from typing import Any

import pytest
from pyspark.sql import functions as F

from medallion.manifest import TableCount
from medallion.quality import Rule, accepted, judge, last_version_wins, overrule, quarantine, tally, together, warn

SCHEMA = "source_file string, line bigint, unit_id int, k string, v string, raw string, raw_encoding string"


def frame(spark: Any, *rows: tuple[int, str | None, str | None]) -> Any:
    return spark.createDataFrame([("f", line, None, k, v, f"{k}/{v}", "text") for line, k, v in rows], SCHEMA)


def rules() -> list[Rule]:
    return [
        Rule("no_key", F.col("k").isNull(), F.lit("k is empty")),
        Rule("bad_value", F.col("v") == "bad", F.concat(F.lit("v of "), F.coalesce("k", F.lit("nobody")))),
    ]


def test_the_first_broken_rule_is_the_reason(spark: Any) -> None:
    judged = judge(frame(spark, (1, None, "bad"), (2, "a", "bad"), (3, "a", None)), rules())
    found = judged.orderBy("line").select("outcome", "reason", "detail").collect()
    assert [tuple(row) for row in found] == [
        ("quarantined", "no_key", "k is empty"),
        ("quarantined", "bad_value", "v of a"),
        ("accepted", None, None),
    ]


def outcomes(judged: Any) -> list[tuple[str, str | None]]:
    return [(row.outcome, row.reason) for row in judged.orderBy("line").collect()]


def test_the_last_version_of_a_key_wins_and_equal_rows_are_duplicates(spark: Any) -> None:
    rows = frame(spark, (1, "a", "x"), (2, "a", "y"), (3, "a", "x"), (4, "b", "x"), (5, "b", "x"), (6, "b", "x"))
    assert outcomes(last_version_wins(judge(rows, rules()), ["k"], ["v"])) == [
        ("duplicate", None),
        ("quarantined", "clashing_key"),
        ("accepted", None),
        ("duplicate", None),
        ("duplicate", None),
        ("accepted", None),
    ]


def test_a_copy_of_a_file_is_later_than_the_file(spark: Any) -> None:
    files = ["d/unit (1).csv", "d/unit.csv", "d/unit-corrigido.csv.gz"]
    rows = [(file, n, None, "a", file, "", "text") for n, file in enumerate(files)]
    judged = last_version_wins(judge(spark.createDataFrame(rows, SCHEMA), rules()), ["k"], ["v"])
    assert outcomes(judged) == [("quarantined", "superseded")] * 2 + [("accepted", None)]


def test_many_rows_fare_as_one_by_one(spark: Any) -> None:
    rng = Random(1)
    rows = [
        (f"f{rng.randrange(3)}", n, None, rng.choice("abc"), rng.choice(["x", "y", None, "bad"])) for n in range(99)
    ]
    judged = judge(spark.createDataFrame([(*row, "", "text") for row in rows], SCHEMA), rules())
    good = [(source, n, k, v) for source, n, _, k, v in rows if v != "bad"]
    expected = []
    for source, n, _, k, v in rows:
        of_key = [row for row in good if row[2] == k]
        last, copies = max(of_key), [row for row in of_key if row[3] == v]
        if v == "bad":
            expected.append(("quarantined", "bad_value"))
        elif (source, n, k, v) != max(copies):
            expected.append(("duplicate", None))
        elif (source, n, k, v) != last:
            expected.append(("quarantined", "clashing_key" if source == last[0] else "superseded"))
        else:
            expected.append(("accepted", None))
    assert outcomes(last_version_wins(judged, ["k"], ["v"])) == expected
    assert {outcome for outcome, _ in expected} == {"accepted", "duplicate", "quarantined"}


def test_a_quarantined_row_neither_wins_nor_makes_duplicates(spark: Any) -> None:
    judged = judge(frame(spark, (1, "a", "x"), (2, "a", "bad"), (3, "a", "bad")), rules())
    assert outcomes(last_version_wins(judged, ["k"], ["v"])) == [
        ("accepted", None),
        ("quarantined", "bad_value"),
        ("quarantined", "bad_value"),
    ]


def test_a_warning_marks_accepted_rows_and_goes_when_the_row_is_refused(spark: Any) -> None:
    judged = warn(judge(frame(spark, (1, "a", "x"), (2, None, "x")), rules()), "odd", F.lit(True))
    assert [row.warning for row in judged.orderBy("line").collect()] == ["odd", None]
    struck = overrule(judged, "late", F.col("k") == "a", F.lit("too late")).where("line = 1").first()
    assert (struck.outcome, struck.reason, struck.detail, struck.warning) == ("quarantined", "late", "too late", None)


def test_a_tally_counts_every_row_once_in_the_order_of_the_tables(spark: Any) -> None:
    some = last_version_wins(judge(frame(spark, (1, "a", "x"), (2, "a", "x"), (3, None, "x")), rules()), ["k"], ["v"])
    none = judge(frame(spark), rules())
    counts = tally(together({"some": some, "none": none}), ["none", "some"])
    assert list(counts.values()) == [TableCount("none", 0, 0), TableCount("some", 3, 1, 1, 1, {"no_key": 1})]


def test_a_judged_frame_splits_into_rows_that_go_on_and_rows_that_do_not(spark: Any) -> None:
    judged = judge(frame(spark, (1, "a", "x"), (2, None, "x")), rules())
    assert accepted(judged).columns == ["source_file", "line", "unit_id", "k", "v", "raw", "raw_encoding"]
    [row] = quarantine(judged, "silver").collect()
    assert row.asDict() == {
        "source_file": "f",
        "line": 2,
        "unit_id": None,
        "layer": "silver",
        "reason": "no_key",
        "detail": "k is empty",
        "raw": "None/x",
        "raw_encoding": "text",
        "header": None,
    }


@pytest.mark.parametrize(("reason", "lost"), [("superseded", 0), ("unknown_file", 0), ("orphan_item", 2)])
def test_what_another_row_stands_for_is_refused_and_not_lost(reason: str, lost: int) -> None:
    count = TableCount("t", 5, 2, 3, 0, {reason: 2, "hidden_file": 1})
    assert (count.lost, count.as_json()["lost"]) == (lost, lost)
