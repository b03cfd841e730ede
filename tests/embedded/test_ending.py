"""What a night leaves: its record, logs and gold on disk, and the words that it ends with."""

import gzip
import io
import json
import os
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded.terminal import record, summary
from embedded.terminal.progress import Progress
from embedded.terminal.record import Kept

RUN = "manual__2026-01-01T00:00:00+00:00_x"
SLUG = "manual__2026-01-01T00-00-00-00-00_x"
OWN, EARLIER = "business_date=2025-12-31", "business_date=2025-12-30"
RECORD = {
    "pipeline": "wordcount",
    "business_date": "2025-12-31",
    "started_at": "2026-01-01T03:00:00.5+00:00",
    "outcome": "success with warnings",
    "warnings": ["silver.orders: 2 of 20 rows were lost"],
    "compute": {"target": "emr", "id": "j-1", "state": "TERMINATED"},
    "steps": [{"name": "gold", "log_uri": "s3://nightshift-local-logs/emr/j-1/steps/s-1/"}],
    "layers": [
        {
            "layer": "silver",
            "tables": [
                {
                    "table": "orders",
                    "rows_in": 1200,
                    "accepted": 1197,
                    "quarantined": 2,
                    "duplicates": 1,
                    "reasons": {"bad_date": 2},
                    "warnings": {"brazilian_notation": 1},
                }
            ],
        }
    ],
    "gold": [
        {"table": "word_counts", "uri": f"s3://nightshift-local-lake/gold/w/{OWN}/", "rows": 2},
        {"table": "word_counts", "uri": f"s3://nightshift-local-lake/gold/w/{EARLIER}/", "rows": 1},
    ],
    "restated": [
        {
            "table": "word_counts",
            "day": "2025-12-30",
            "since": "2025-12-31T03:00:00Z",
            "before": {"rows": "2", "words": "2"},
            "after": {"rows": "1", "words": "2"},
            "words": "2025-12-30 in word_counts: rows 2 -> 1 (published 2025-12-31T03:00:00Z)",
        }
    ],
    "cost": {
        "estimate": 0.27,
        "measured": 0.02,
        "prices_as_of": "2026-11-20",
        "prices": "prices of us-east-1, 2026-11-20",
    },
    "proof": {"alive": [], "checked": ["clusters"]},
    "failure": None,
    "days": [],
}
FAILURE = {
    "text": ["FAILED in job_gold (code): It fell.", "  Next: Look."],
    "tail": [f"line {number}" for number in range(40)],
    "tail_of": "stderr",
}


@pytest.fixture
def kept(cloud_env, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    s3 = boto3.client("s3", endpoint_url=cloud_env["AWS_ENDPOINT_URL"], region_name="us-east-1")
    for kind in ("lake", "logs"):
        s3.create_bucket(Bucket=f"nightshift-local-{kind}")
    gold = io.BytesIO()
    pq.write_table(pa.table({"word": ["que", "não"], "occurrences": [10, 7]}), gold)
    for bucket, key, body in (
        ("lake", f"runs/wordcount/{SLUG}/record.json", json.dumps(RECORD).encode()),
        ("lake", f"gold/w/{OWN}/part-00000.parquet", gold.getvalue()),
        ("lake", f"gold/w/{EARLIER}/part-00000.parquet", gold.getvalue()),
        ("lake", f"quarantine/wordcount/silver/orders/{OWN}/part-0.snappy.parquet", gold.getvalue()),
        ("lake", f"quarantine/wordcount/silver/orders/{EARLIER}/part-0.snappy.parquet", gold.getvalue()),
        ("logs", "emr/j-1/steps/s-1/stderr.gz", gzip.compress(b"it went well\n")),
    ):
        s3.put_object(Bucket=f"nightshift-local-{bucket}", Key=key, Body=body)
    return record.keep(cloud_env, "wordcount", RUN, tmp_path / "runs")


def test_record_logs_and_gold_are_kept_together(kept):
    assert json.loads((kept.folder / "record.json").read_text()) == RECORD
    assert (kept.folder / "logs/gold/stderr").read_text() == "it went well\n"
    assert pq.read_table(kept.gold("word_counts")[0]).num_rows == 2
    assert [file.name for file in (kept.folder / "quarantine/silver/orders").iterdir()] == ["part-0.snappy.parquet"]


def test_a_run_of_airflows_own_is_kept_once_its_record_is_there_and_again_when_it_is_newer(kept, cloud_env, tmp_path):
    runs = tmp_path / "runs"
    assert list(record.keep_new(cloud_env, runs)) == []
    (kept.folder / "record.json").unlink()
    assert [one.folder for one in record.keep_new(cloud_env, runs)] == [kept.folder]
    os.utime(kept.folder / "record.json", (0, 0))
    assert len(list(record.keep_new(cloud_env, runs))) == 1


def test_rows_that_an_earlier_run_refused_are_not_kept_with_this_one(kept, cloud_env, tmp_path):
    s3 = boto3.client("s3", endpoint_url=cloud_env["AWS_ENDPOINT_URL"], region_name="us-east-1")
    body = json.dumps({**RECORD, "started_at": "2999-01-01T00:00:00+00:00"}).encode()
    s3.put_object(Bucket="nightshift-local-lake", Key=f"runs/wordcount/{SLUG}/record.json", Body=body)
    later = record.keep(cloud_env, "wordcount", RUN, tmp_path / "later")
    assert later.record and not (later.folder / "quarantine").exists()


def test_gold_is_exported_by_table_and_business_date(kept, tmp_path):
    written = record.export(kept, tmp_path / "out")
    home = tmp_path / "out" / "word_counts"
    assert sorted(written) == sorted(home.iterdir()) == [home / "2025-12-30.parquet", home / "2025-12-31.parquet"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_gold_is_exported_in_the_format_that_was_requested(kept, tmp_path, form):
    written = record.export(kept, tmp_path / "out", form)
    home = tmp_path / "out" / "word_counts"
    assert sorted(written) == sorted(home.iterdir()) == [home / f"2025-12-30.{form}", home / f"2025-12-31.{form}"]


def test_the_alerts_and_what_was_not_judged_are_said_at_the_end(kept):
    alerts = {"total": 0, "told": [], "unjudged": "sales of 50 units; 1,360 of 1,360 stock recommendations"}
    layers = [{**RECORD["layers"][0], "alerts": alerts}]
    said = list(summary.ending(Kept({**RECORD, "layers": layers}, kept.folder), {}, Path("a.log")))
    assert said[said.index("Alerts: none") + 1] == f"  Not judged: {alerts['unjudged']}"
    assert not any(line.startswith("Alerts") for line in summary.ending(kept, {}, Path("a.log")))


def test_a_night_that_wrote_no_record_is_kept_without_one(cloud_env, tmp_path):
    kept = record.keep(cloud_env, "wordcount", "never", tmp_path / "runs")
    assert kept.record is None and record.export(kept, tmp_path) == []
    said = "\n".join(summary.ending(kept, {"preflight": "No bucket."}, Path("a.log")))
    assert "FAILED in preflight" in said and "No bucket." in said and "a.log" in said


def test_the_record_of_a_night_before_the_first_lake_is_found_beside_terraforms_state(kept, cloud_env, tmp_path):
    env = {**cloud_env, "NIGHTSHIFT_NAME": "first-night"}
    s3 = boto3.client("s3", endpoint_url=cloud_env["AWS_ENDPOINT_URL"], region_name="us-east-1")
    s3.create_bucket(Bucket="first-night-state")
    body = json.dumps({**RECORD, "steps": [], "gold": []}).encode()
    s3.put_object(Bucket="first-night-state", Key=f"runs/wordcount/{SLUG}/record.json", Body=body)
    assert record.keep(env, "wordcount", RUN, tmp_path / "first").record == {**RECORD, "steps": [], "gold": []}


def test_the_ending_tells_rows_gold_cost_proof_and_outcome(kept):
    said = "\n".join(summary.ending(kept, {}, Path("night.log")))
    figures = (
        "1,200",
        "1,197",
        "2 bad_date",
        "silver orders: warning: 1 brazilian_notation",
        "Warning:  silver.orders: 2",
        "não",
    )
    for words in (*figures, "Gold word_counts: 2 rows", "$0.27", "nothing left alive"):
        assert words in said
    assert "and 1 other day of word_counts" in said
    assert "Restated 2025-12-30 in word_counts: rows 2 -> 1 (published 2025-12-31T03:00:00Z)" in said
    assert said.endswith("Outcome:  success with warnings")


def test_the_record_line_names_what_is_kept_beside_it(kept, tmp_path):
    [line] = [line for line in summary.ending(kept, {}, tmp_path / "log") if line.startswith("Record:")]
    assert line.endswith("record.json, with logs/, gold/ and quarantine/ beside it")
    bare = Kept({**RECORD, "gold": []}, tmp_path / "bare")
    assert "beside" not in "".join(summary.ending(bare, {}, tmp_path / "log"))


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "NOT PROVEN"),
        ({"alive": ["cluster j-9"], "checked": []}, "STILL ALIVE: cluster j-9"),
        (
            {"alive": [], "checked": ["clusters"], "shared": "The cluster is that of a, which b uses now."},
            "nothing of its own left alive (clusters searched by tag). The cluster is that of a, which b uses now.",
        ),
    ],
)
def test_what_was_not_proven_or_is_alive_is_said_loudly(tmp_path, proof, words):
    kept = Kept({**RECORD, "proof": proof, "gold": []}, tmp_path)
    assert words in "\n".join(summary.ending(kept, {}, tmp_path / "log"))


def test_a_failure_says_what_to_do_next(tmp_path):
    kept = Kept({**RECORD, "failure": FAILURE, "outcome": "failed", "gold": []}, tmp_path)
    lines = list(summary.ending(kept, {}, tmp_path / "log"))
    at = lines.index("FAILED in job_gold (code): It fell.")
    assert lines[at + 1 : at + 4] == ["  Next: Look.", "  The end of stderr:", "  | line 28"]


def test_columns_are_aligned_numbers_to_the_right_and_long_cells_cut():
    lines = summary.aligned(("word", "n"), [("a", 1000), ("b" * 99, 7)])
    assert lines[1].endswith("1000") and lines[2].endswith("   7") and "…" in lines[2]


def test_what_data_says_does_nothing_to_a_terminal(tmp_path):
    assert summary.aligned(("a\x1b[2J",), [("x\x1b]0;y\x07\nOutcome:  success",)]) == [
        r"  a\x1b[2J",
        r"  x\x1b]0;y\x07\nOutcome:  success",
    ]
    out = io.StringIO()
    Progress(out).show({"event": "failed", "task": "job_gold", "error": "It \x9b2J fell."})
    assert r"It \x9b2J fell." in out.getvalue()
    odd = {"layer": "gold", "tables": [{**RECORD["layers"][0]["tables"][0], "warnings": {"guarded_cells": 1200}}]}
    kept = Kept({**RECORD, "layers": [odd], "gold": []}, tmp_path)
    assert any(line.endswith("warning: 1,200 guarded_cells") for line in summary.ending(kept, {}, tmp_path / "log"))


def test_an_empty_table_still_shows_its_columns():
    assert summary.aligned(("word", "n"), []) == ["  word  n"]


def test_tasks_that_never_began_are_one_line_and_the_others_are_not_shown_twice():
    states = {"a": "failed", "b": "upstream_failed", "c": "none"}
    assert list(summary.not_begun({"a": 1}, states)) == ["Not run:  b, c"]
    assert list(summary.not_begun(states, states)) == []


def test_a_long_warning_is_cut_and_the_record_has_all_of_it(tmp_path):
    kept = Kept({**RECORD, "warnings": ["drift " * 400], "gold": []}, tmp_path)
    [line] = [line for line in summary.ending(kept, {}, tmp_path / "log") if line.startswith("Warning:")]
    assert len(line) < 500 and line.endswith("(2,400 characters: see the record)")


def test_the_plan_of_a_dry_run_is_a_few_lines(tmp_path):
    checked = {"estimate_usd": 0.27, "prices": "of 2026", "plan": ["reads a", "runs b"], "warning": "no bucket"}
    assert list(summary.plan(checked, tmp_path / "a.log"))[:4] == [
        "Plan:     reads a",
        "          runs b",
        "Warning:  no bucket",
        "Dry run:  nothing was created; on AWS that costs about $0.27 (of 2026)",
    ]


def test_progress_tells_each_task_its_state_and_the_reason_of_a_failure():
    out = io.StringIO()
    progress = Progress(out)
    progress.begin("wordcount")
    for event in ("running", "tick", "failed"):
        progress.show(
            {"event": event, "task": "job_gold", "error": "It fell.\nat line 1" if event == "failed" else None}
        )
    said = out.getvalue()
    assert "job_gold               running" in said and "job_gold               failed" in said
    assert "It fell." in said and "line 1" not in said and progress.failures["job_gold"].startswith("It fell.")
