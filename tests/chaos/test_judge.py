"""The judge of the matrix complains when it should: a judge that finds nothing proves nothing."""

from dataclasses import replace

import pytest

from localcloud.faults import Fault, FaultBook, FaultKind
from tests.chaos import judge
from tests.chaos.cells import Cell, Column
from tests.chaos.drops import Drop
from tests.chaos.facts import Gold
from tests.chaos.judge import EITHER, Seen

DROP = Drop("in/", {}, {"word_counts": {"noite": 3}}, {"bronze/lines": 3})
OLD = {"word_counts": Gold({"part-00000.parquet": "old"}, {"dia": 1})}
NEW = {"word_counts": Gold({"part-00000.parquet": "new"}, {"noite": 3})}
WORD = {"phase": "begin"}
SUCCESS = {"phase": "closed", "outcome": "success", "told_by": "report"}
FAILED = {"phase": "closed", "outcome": "failed", "told_by": "report"}
CARD = {"outcome": "failed", "notified": True, "failure": {"task": "publish", "message": "no gold"}}
GOOD = Seen(
    airflow="success",
    alive={},
    markers=[],
    gold=NEW,
    steps=["COMPLETED"],
    entries=[WORD, SUCCESS],
    record={"outcome": "success", "notified": True, "failure": None},
    post=[{"subject": "wordcount: success", "message": ""}],
)
BAD = replace(
    GOOD,
    airflow="failed",
    gold=OLD,
    entries=[WORD, FAILED],
    record=CARD,
    post=[{"subject": "wordcount: failed", "message": ""}],
)
KILLED, MARKED = Cell("publish", Column.SIGKILL, mends=False), Cell("publish", Column.MARK_TASK, mends=False)


def complaints(seen, cell=KILLED):
    return judge.broken(cell, DROP, OLD, seen, seen)


def test_a_good_night_told_as_one_and_a_bad_night_told_as_one_keep_every_promise():
    assert complaints(GOOD) == complaints(BAD) == []


LEFT = {"clusters": ["j-1"]}
HALF = {"word_counts": Gold({"part-00000.parquet": "half"}, {"noite": 1})}
TWICE = {"word_counts": Gold({"a.parquet": "1", "b.parquet": "2"}, [("noite", 3), ("noite", 3)])}


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        (replace(GOOD, alive=LEFT), "alive after: clusters j-1"),
        (replace(GOOD, alive=LEFT), "report told success, the truth is failed"),
        (replace(GOOD, steps=["CANCELLED"]), "report told success, the truth is failed"),
        (replace(GOOD, gold=OLD), "report told success, the truth is failed"),
        (replace(BAD, gold=NEW), "report told failed, the truth is success"),
        (replace(BAD, airflow="success"), "Airflow says success, the truth is failed"),
        (replace(BAD, gold=HALF), "gold word_counts is neither this night's nor the one before"),
        (replace(BAD, gold=TWICE), "gold word_counts has 2 objects"),
        (replace(BAD, entries=[WORD]), "the ledger is not closed, its last word is begin"),
        (replace(BAD, entries=[FAILED, WORD]), "nobody told nothing, the truth is failed"),
        (
            replace(BAD, entries=[WORD, FAILED, FAILED]),
            "the ledger was closed twice, in entries 1 and 2, and nothing began between them",
        ),
        (
            replace(BAD, record={**CARD, "outcome": "success"}),
            "the record says success, the ledger was closed as failed",
        ),
        (replace(BAD, record={**CARD, "failure": None}), "the record of a failed night has no failure card"),
        (replace(BAD, post=[]), "the record says that SNS told somebody, nobody heard"),
        (replace(BAD, post=GOOD.post), "SNS told 'wordcount: success', the record says failed"),
        (replace(GOOD, markers=["open/x.json"]), "open markers: open/x.json"),
    ],
)
def test_a_broken_promise_is_told(seen, complaint):
    assert complaint in complaints(seen)


def test_a_night_that_was_done_when_a_person_stopped_it_may_be_told_either_way():
    assert judge.truth(MARKED, DROP, GOOD) == EITHER
    assert complaints(GOOD, MARKED) == complaints(replace(BAD, gold=NEW), MARKED) == []


def test_a_night_that_should_have_got_over_it_and_did_not_breaks_a_promise():
    assert complaints(BAD, replace(KILLED, mends=True)) == ["it did not get over this by itself (publish: no gold)"]


def test_rows_too_many_too_few_or_refused_are_told():
    assert judge.doubled(DROP, {"bronze/lines": 3}, 0) == []
    assert judge.doubled(DROP, {"bronze/lines": 6}, 0) == ["bronze/lines holds 6 rows, 3 are right"]
    assert judge.doubled(DROP, {"bronze/lines": 3}, 2) == ["2 rows are in quarantine, none is bad"]


def test_a_fault_that_met_nobody_is_a_complaint():
    book = FaultBook()
    book.add(Fault(FaultKind.SNS_DOWN, times=100))
    book.add(Fault(FaultKind.CAPACITY_REFUSED))
    book.add(Fault(FaultKind.NODE_LOST))
    armed = book.armed()
    assert len(judge.unstruck(armed, book.armed())) == 3
    book.strike(FaultKind.SNS_DOWN)
    book.strike(FaultKind.CAPACITY_REFUSED)
    assert judge.unstruck(armed, book.armed()) == ["the fault node-lost never struck"]
