"""Pages on the user's disk: one a kept night, one that lists them, and the commands that show them."""

import errno
import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from embedded import cli
from embedded.cloud import clients
from embedded.commands import open_page
from embedded.terminal import pages
from embedded.terminal import record as kept_record
from tools import paths

START = datetime(2026, 1, 5, 3, tzinfo=UTC)


def record(day, outcome="success"):
    moment = (START + timedelta(days=day)).isoformat()
    failure = {"task": "audit", "cause": "data", "message": "m", "next_action": "n", "traceback": None}
    failure |= {"tail": [], "tail_of": None, "input_file": None, "links": {}, "text": []}
    return {
        "dag_id": "wordcount", "pipeline": "wordcount", "run_id": f"manual__{day}", "slug": f"manual__{day}",
        "business_date": f"2026-01-{day + 4:02}", "started_at": moment, "ended_at": moment, "outcome": outcome,
        "tasks": {}, "layers": [], "gold": [], "warnings": [], "doubts": [], "restated": [], "days": [],
        "compute": None, "cost": {"measured": 0.02, "estimate": 0.31, "prices": "p", "elsewhere": {}}, "proof": None,
        "failure": failure if outcome == "failed" else None,
    }  # fmt: skip


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Three nights on disk, the last one failed; the second has its page already."""
    runs = tmp_path / ".nightshift" / "runs"
    for day, outcome in enumerate(("success", "success", "failed")):
        folder = runs / "wordcount" / f"manual__{day}"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps(record(day, outcome)))
    monkeypatch.setattr(paths, "RUNS", runs)
    for function in (pages.nights, pages.shelf_of, pages.write_shelf):
        monkeypatch.setattr(function, "__defaults__", (runs,))
    monkeypatch.setattr(pages.write, "__defaults__", (runs,))
    pages.write(runs / "wordcount" / "manual__1")
    opened = []
    monkeypatch.setattr(open_page.webbrowser, "open", opened.append)
    return runs, opened


def test_a_night_has_its_page_and_the_list_has_only_nights_that_have_one(kept):
    runs, _ = kept
    assert "06/01/2026" in (runs / "wordcount" / "manual__1" / "index.html").read_text()  # the day before it too
    listed = (runs.parent / "index.html").read_text()
    assert 'href="runs/wordcount/manual__1/index.html"' in listed and "manual__0/index.html" not in listed


def test_a_kept_backfill_has_the_refused_rows_of_its_days(tmp_path, monkeypatch):
    days = ["2026-01-04", "2026-01-05"]
    gold = [{"table": "counts", "rows": 1, "uri": f"s3://n-lake/gold/wordcount/counts/business_date={days[1]}/"}]
    home = "runs/backfill_wordcount/manual__0"
    files = {
        f"{home}/record.json": {**record(0), "days": days, "gold": gold, "steps": []},
        f"{home}/{days[0]}/page.json": {"quarantine": [{"line": 7}]},
        f"{home}/{days[1]}/page.json": {"business_date": days[1], "quarantine": []},
    }

    class S3:
        def get_object(self, Bucket, Key):  # noqa: N803 - boto3's names
            if Key not in files:
                raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
            return {"Body": io.BytesIO(json.dumps(files[Key]).encode())}

        def get_paginator(self, _):
            return SimpleNamespace(paginate=lambda **_: [])

    monkeypatch.setattr(clients, "s3", lambda _: S3())
    kept = kept_record.keep_run({"NIGHTSHIFT_NAME": "n"}, "backfill_wordcount", "manual__0", tmp_path)
    page = json.loads((kept.folder / "page.json").read_text())
    assert page == {"business_date": days[1], "quarantine": [{"line": 7, "day": days[0]}]}

    def half(path, text, **_):
        path.write_bytes(text.encode()[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space"):
        kept_record.keep_run({"NIGHTSHIFT_NAME": "n"}, "backfill_wordcount", "manual__0", tmp_path)
    assert kept_record.of_folder(kept.folder).record["days"] == days  # what was kept before is whole


def test_open_shows_the_last_night_or_the_one_that_is_named(kept, capsys):
    runs, opened = kept
    assert cli.main(["open"]) == 0
    assert cli.main(["open", "manual__0"]) == 0
    assert cli.main(["open", "wordcount", "--list"]) == 0
    folder = runs / "wordcount"
    assert opened == [
        (folder / "manual__2" / "index.html").as_uri(),
        (folder / "manual__0" / "index.html").as_uri(),
        (runs.parent / "index.html").as_uri(),
    ]
    assert "Page:     " in capsys.readouterr().out
    (runs.parent / "index.html").unlink()
    assert cli.main(["open", "--list"]) == 0 and (runs.parent / "index.html").is_file()
    assert "Falhou em" in (folder / "manual__2" / "index.html").read_text()


@pytest.mark.parametrize(
    ("name", "why"), [("manual", "3 nights are called 'manual'"), ("x", "No night that was kept here is called 'x'")]
)
def test_a_name_of_no_night_or_of_several_is_refused(kept, capsys, name, why):
    assert cli.main(["open", name]) == cli.REFUSED
    assert why in capsys.readouterr().err


def test_without_a_night_open_says_how_to_get_one(kept, capsys):
    shutil.rmtree(kept[0] / "wordcount")
    assert cli.main(["open"]) == cli.REFUSED
    assert "play one with ./nightshift run" in capsys.readouterr().err


def test_runs_lists_the_nights_the_latest_first(kept, capsys):
    assert cli.main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["name", "manual__2", "manual__1", "manual__0"]
    assert "failed in audit" in lines[1] and "$0.02" in lines[1]
    assert cli.main(["runs", "word"]) == cli.REFUSED
    assert "There are nights of wordcount." in capsys.readouterr().err
    assert cli.main(["runs", "wordcont"]) == cli.REFUSED
    assert "Did you mean wordcount?" in capsys.readouterr().err
    for few in ("0", "-3"):
        assert cli.main(["runs", "--most", few]) == cli.REFUSED
        assert f"--most is {few}: expected" in capsys.readouterr().err
    shutil.rmtree(kept[0] / "wordcount")
    assert cli.main(["runs"]) == 0
    assert "No night in" in capsys.readouterr().out
