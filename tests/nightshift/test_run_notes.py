"""Which notes the listener writes. tests/chaos shows on the scheduler that Airflow calls it, and what it reads."""

from types import SimpleNamespace

import pytest

from nightshift.report import run_notes

WORDS = "Nightshift: wordcount 2026-01-04: success with warnings"


@pytest.mark.parametrize("listener", [run_notes.on_dag_run_success, run_notes.on_dag_run_failed])
@pytest.mark.parametrize(
    ("before", "of_report", "after"),
    [
        (None, WORDS, WORDS),
        ("Nightshift: wordcount 2026-01-04: failed", WORDS, WORDS),  # the run was cleared and ended again
        ("Ana looks at it", WORDS, "Ana looks at it"),
        (None, "", None),  # a DAG of somebody else's
    ],
)
def test_a_note_is_the_reports_words_unless_a_person_wrote_one(monkeypatch, listener, before, of_report, after):
    monkeypatch.setattr(run_notes, "_words_of_report", lambda _run: of_report)
    run = SimpleNamespace(note=before)
    listener(run)
    assert run.note == after
