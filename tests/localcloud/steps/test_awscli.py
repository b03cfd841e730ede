"""`aws s3` over boto3."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace

import pytest

from localcloud.steps.commands import awscli


@pytest.fixture
def here(s3, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, body in (("tree/a.txt", "a"), ("tree/b/c.csv", "c")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    return tmp_path


def aws(*args):
    return awscli.main(["s3", *args])


def test_a_file_goes_up_and_comes_back(here, text, capsys):
    assert aws("cp", "tree/a.txt", "s3://lake/in/") == 0
    assert text("in/a.txt") == "a"
    assert aws("cp", "s3://lake/in/a.txt", "back.txt") == 0
    assert (here / "back.txt").read_text() == "a"
    assert capsys.readouterr().out.splitlines() == [
        "upload: tree/a.txt to s3://lake/in/a.txt",
        "download: s3://lake/in/a.txt to back.txt",
    ]


def test_options_may_stand_before_the_places(here, keys, capsys):
    assert aws("cp", "--only-show-errors", "tree/a.txt", "s3://lake/a.txt") == 0
    assert aws("cp", "tree", "--recursive", "s3://lake/", "--exclude", "*", "--include", "b/*") == 0
    assert keys() == ["a.txt", "b/c.csv"]
    assert "a.txt" not in capsys.readouterr().out


def test_a_tree_goes_up_is_copied_and_comes_back(here, keys):
    assert aws("cp", "tree", "s3://lake/up", "--recursive") == 0
    assert aws("cp", "s3://lake/up", "s3://lake/copy/", "--recursive") == 0
    assert keys() == ["copy/a.txt", "copy/b/c.csv", "up/a.txt", "up/b/c.csv"]
    assert aws("cp", "s3://lake/copy", "back", "--recursive") == 0
    assert (here / "back/b/c.csv").read_text() == "c"


def test_the_last_filter_that_matches_decides(here, keys):
    assert aws("cp", "tree", "s3://lake/", "--recursive", "--exclude", "*", "--include", "b/*") == 0
    assert keys() == ["b/c.csv"]


def test_move_removes_the_source(here, s3, keys):
    s3.put_object(Bucket="lake", Key="x", Body="x")
    assert aws("mv", "s3://lake/x", "s3://lake/moved/") == 0
    assert keys() == ["moved/x"]
    assert aws("mv", "tree/a.txt", "s3://lake/a.txt") == 0
    assert not (here / "tree/a.txt").exists()


def test_remove_takes_one_key_or_all_below_a_prefix(here, s3, keys):
    for key in ("p/x", "p/y", "pq", "z"):
        s3.put_object(Bucket="lake", Key=key, Body="x")
    assert aws("rm", "s3://lake/z") == 0
    assert aws("rm", "s3://lake/p", "--recursive", "--exclude", "y") == 0
    assert keys() == ["p/y", "pq"]


def test_sync_moves_only_what_differs_and_deletes_only_when_asked(here, keys, text, capsys):
    assert aws("sync", "tree", "s3://lake/t") == 0
    capsys.readouterr()
    (here / "tree/a.txt").write_text("longer")
    (here / "tree/b/c.csv").unlink()
    assert aws("sync", "tree", "s3://lake/t") == 0
    assert capsys.readouterr().out == "upload: tree/a.txt to s3://lake/t/a.txt\n"
    assert keys() == ["t/a.txt", "t/b/c.csv"]
    assert aws("sync", "tree", "s3://lake/t", "--delete") == 0
    assert keys() == ["t/a.txt"]
    assert text("t/a.txt") == "longer"


def test_sync_replaces_a_file_of_the_same_size_that_is_older(here, s3):
    s3.put_object(Bucket="lake", Key="t/a.txt", Body="z")
    os.utime(here / "tree/a.txt", (1, 1))
    assert aws("sync", "s3://lake/t", "tree") == 0
    assert (here / "tree/a.txt").read_text() == "z"


def test_a_dry_run_changes_nothing(here, keys, capsys):
    assert aws("cp", "tree/a.txt", "s3://lake/a", "--dryrun") == 0
    assert keys() == []
    assert capsys.readouterr().out.startswith("(dryrun) upload:")


def test_standard_input_and_output_are_places(here, text, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"piped")))
    assert aws("cp", "-", "s3://lake/piped") == 0
    assert text("piped") == "piped"


def test_a_listing_looks_as_the_aws_clis(here, s3, capsys):
    for key in ("d/x", "top"):
        s3.put_object(Bucket="lake", Key=key, Body="12")
    assert aws("ls", "s3://lake") == 0
    folder, top = capsys.readouterr().out.splitlines()
    assert folder == " " * 27 + "PRE d/"
    assert top.endswith("          2 top")
    assert aws("ls", "s3://lake/none") == 1
    assert aws("ls") == 0
    assert "lake" in capsys.readouterr().out


def test_a_bucket_is_made_and_content_types_pass(here, s3):
    assert aws("mb", "s3://made-here") == 0
    assert aws("cp", "tree/a.txt", "s3://made-here/", "--content-type", "text/plain") == 0
    assert s3.head_object(Bucket="made-here", Key="a.txt")["ContentType"] == "text/plain"


@pytest.mark.parametrize(
    ("args", "status", "says"),
    [
        (("cp", "s3://lake/none", "x"), 1, "404"),
        (("cp", "none", "s3://lake/"), 255, "none does not exist"),
        (("cp", "none", "s3://lake/", "--recursive"), 255, "none does not exist"),
        (("cp", "tree/a.txt", "s3://no-such-bucket/"), 1, "NoSuchBucket"),
        (("cp", "a", "b"), 252, "must be s3://"),
        (("cp", "a"), 1, "takes 2 paths"),
        (("rm", "s3://"), 1, "names no bucket"),
    ],
)
def test_what_fails_says_so_and_has_a_status(here, capsys, args, status, says):
    assert aws(*args) == status
    assert says in capsys.readouterr().err
