"""What may be published, and what may not."""

import copy

import pytest

from nightshift.config import Settings
from nightshift.lake import audit
from wordcount.definition import PIPELINE as WORDCOUNT


def counted(layer, rows_in=10, accepted=8, quarantined=1, duplicates=1, gold=()):
    table = {"table": "t", "rows_in": rows_in, "accepted": accepted, "quarantined": quarantined,
             "duplicates": duplicates, "reasons": {"bad": quarantined}, "lost": quarantined}  # fmt: skip
    return {"layer": layer, "tables": [table], "gold": list(gold)}


STAGED = {
    "table": "word_counts",
    "rows": 3,
    "schema": {"word": "string", "occurrences": "bigint"},
    "null_keys": 0,
    "duplicate_keys": 0,
}
LAST = {"rows_in": 6, "accepted": 6, "quarantined": 0, "duplicates": 0}
GOOD = [counted("bronze"), counted("silver", rows_in=8, accepted=6), counted("gold", **LAST, gold=[STAGED])]


def broken(manifests, share=0.5):
    return audit.violations(WORDCOUNT, manifests, Settings(max_quarantine_share=share))


def test_a_night_that_kept_its_contract_has_no_violations():
    assert broken(GOOD) == []


def test_a_layer_that_wrote_no_manifest_is_named():
    assert "layer silver wrote no manifest" in broken([GOOD[0], GOOD[2]])


def test_a_row_that_vanished_breaks_the_conservation_law():
    manifests = copy.deepcopy(GOOD)
    manifests[1]["tables"][0]["duplicates"] = 0
    assert broken(manifests) == ["silver.t: 8 rows in, but 6 kept and 1 quarantined"]


def test_a_row_that_vanished_between_two_layers_breaks_it_too():
    manifests = [counted("bronze", rows_in=11, accepted=9), *GOOD[1:]]
    assert broken(manifests) == ["silver.t: 8 rows in, but bronze kept 9"]


def test_a_table_that_lost_most_of_its_rows_is_not_a_product():
    manifests = [counted("bronze", rows_in=20, quarantined=11), *GOOD[1:]]
    assert broken(manifests) == ["bronze.t: 11 of 20 rows were quarantined (11 bad)"]


def test_what_is_refused_and_no_loss_does_not_stop_the_night():
    strangers = {"table": "other_files", "rows_in": 1, "accepted": 0, "quarantined": 1, "duplicates": 0,
                 "reasons": {"unknown_file": 1}, "lost": 0}  # fmt: skip
    assert broken([{**GOOD[0], "tables": [*GOOD[0]["tables"], strangers]}, *GOOD[1:]]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"schema": {"word": "int", "count": "bigint"}},
            "gold.word_counts: column occurrences is missing, column count is not in the contract,"
            " column word is int, the contract says string",
        ),
        ({"rows": 0}, "0 rows, at least 1 expected"),
        ({"null_keys": 2}, "2 null keys in word"),
        ({"duplicate_keys": 1}, "1 duplicate keys in word"),
    ],
)
def test_gold_that_breaks_its_contract_is_refused(change, words):
    (violation,) = broken([*GOOD[:2], counted("gold", **LAST, gold=[{**STAGED, **change}])])
    assert words in violation


def test_gold_that_was_never_staged_is_refused():
    assert broken([*GOOD[:2], counted("gold", **LAST)]) == ["gold.word_counts was not staged"]


def test_what_the_product_lacks_is_told_though_it_may_be_published():
    manifests = [counted("bronze", rows_in=19), GOOD[1], {**GOOD[2], "alerts": {"grave": 2, "total": 3, "told": []}}]
    told = audit.shortfalls(manifests, Settings(max_refused_share=0.06))
    assert told == [
        "silver.t: 1 of 8 rows were lost (1 bad)",
        "2 alerts report deliveries that are missing or could not be read",
    ]
    assert audit.shortfalls(GOOD, Settings(max_refused_share=0.2)) == []


def test_a_setting_makes_it_a_violation():
    strict = Settings(max_refused_share=0.11, warnings_fail=True)
    assert audit.violations(WORDCOUNT, GOOD, strict) == ["silver.t: 1 of 8 rows were lost (1 bad)"]
