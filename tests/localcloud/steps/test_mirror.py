"""The mirror: only differences move, and nobody's work is lost."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime

import pytest
from moto.s3.models import s3_backends

from localcloud.steps.mirror import Mirror
from localcloud.steps.store import Store
from tests.localcloud.steps.conftest import ACCOUNT


@pytest.fixture
def mirror(s3, tmp_path):
    return Mirror(tmp_path / "mirror")


@pytest.fixture
def lake(mirror):
    return mirror.buckets_dir(ACCOUNT) / "lake"


def put(s3, key, body="text"):
    return s3.put_object(Bucket="lake", Key=key, Body=body)


def test_objects_are_files_before_a_step(s3, mirror, lake):
    put(s3, "a/b.txt", "hello")
    put(s3, "über größe/São Paulo.csv", "ç")
    moved = mirror.pull(ACCOUNT)
    assert (lake / "a/b.txt").read_text() == "hello"
    assert (lake / "über größe/São Paulo.csv").read_text() == "ç"
    assert moved.downloaded == 2


def test_every_bucket_is_a_directory_even_an_empty_one(s3, mirror):
    s3.create_bucket(Bucket="empty")
    mirror.pull(ACCOUNT)
    assert (mirror.buckets_dir(ACCOUNT) / "empty").is_dir()


def test_what_did_not_change_is_neither_read_nor_written_again(s3, mirror, lake, monkeypatch):
    for number in range(20):
        put(s3, f"history/{number}")
    mirror.pull(ACCOUNT)
    mirror.push(ACCOUNT)
    monkeypatch.setattr(Store, "download", _forbidden)
    monkeypatch.setattr(Store, "upload", _forbidden)
    assert mirror.pull(ACCOUNT).downloaded == 0
    assert mirror.push(ACCOUNT).uploaded == 0


def _forbidden(*_):
    raise AssertionError("unchanged history was copied")


def test_a_changed_object_replaces_its_file_and_a_deleted_one_removes_it(s3, mirror, lake):
    put(s3, "day=1/x", "old")
    put(s3, "day=2/y")
    mirror.pull(ACCOUNT)
    put(s3, "day=1/x", "new")
    s3.delete_object(Bucket="lake", Key="day=2/y")
    mirror.pull(ACCOUNT)
    assert (lake / "day=1/x").read_text() == "new"
    assert not (lake / "day=2").exists()


def test_a_file_keeps_the_objects_time(s3, mirror, lake):
    put(s3, "x")
    mirror.pull(ACCOUNT)
    modified = s3.head_object(Bucket="lake", Key="x")["LastModified"].timestamp()
    assert abs((lake / "x").stat().st_mtime - modified) < 1


def test_new_changed_and_removed_files_become_objects(s3, mirror, lake, keys, text):
    put(s3, "changed", "old")
    put(s3, "removed")
    put(s3, "kept", "kept")
    mirror.pull(ACCOUNT)
    (lake / "changed").write_text("new content")
    (lake / "removed").unlink()
    (lake / "made/here").mkdir(parents=True)
    (lake / "made/here/x").write_text("x")
    moved = mirror.push(ACCOUNT)
    assert keys() == ["changed", "kept", "made/here/x"]
    assert text("changed") == "new content"
    assert (moved.uploaded, moved.removed) == (2, 1)


def test_an_object_that_others_wrote_meanwhile_is_kept(s3, mirror, lake, keys, text):
    put(s3, "rewritten outside, removed here", "old")
    mirror.pull(ACCOUNT)
    put(s3, "new outside", "theirs")
    put(s3, "rewritten outside, removed here", "theirs")
    (lake / "rewritten outside, removed here").unlink()
    mirror.push(ACCOUNT)
    assert text("new outside") == "theirs"
    assert text("rewritten outside, removed here") == "theirs"
    mirror.pull(ACCOUNT)
    assert (lake / "new outside").read_text() == "theirs"


@pytest.mark.parametrize(("age", "winner"), [(60, "theirs"), (-60, "ours")])
def test_when_both_wrote_the_last_writer_wins(s3, mirror, lake, text, age, winner):
    put(s3, "x", "old")
    mirror.pull(ACCOUNT)
    put(s3, "x", "theirs")
    (lake / "x").write_text("ours")
    written = time.time() - age
    os.utime(lake / "x", (written, written))
    mirror.push(ACCOUNT)
    mirror.pull(ACCOUNT)
    assert text("x") == winner
    assert (lake / "x").read_text() == winner


def test_scratch_of_a_committer_never_reaches_s3_and_does_not_stay(mirror, lake, keys):
    mirror.pull(ACCOUNT)
    for name in (
        "out/_temporary/0/task/part-0",
        "out/.spark-staging-7/part-0",
        "out/.part-0.crc",
        "put/big._COPYING_",
        "out/part-0",
    ):
        (lake / name).parent.mkdir(parents=True, exist_ok=True)
        (lake / name).write_text("x")
    mirror.push(ACCOUNT)
    assert keys() == ["out/part-0"]
    assert sorted(path.name for path in lake.rglob("*")) == ["out", "part-0"]


def test_scratch_that_lies_in_s3_is_left_alone(s3, mirror, keys):
    put(s3, "out/_temporary/theirs")
    mirror.pull(ACCOUNT)
    mirror.push(ACCOUNT)
    assert keys() == ["out/_temporary/theirs"]


def test_a_running_neighbour_keeps_its_scratch_and_its_open_files(mirror, lake, keys):
    mirror.pull(ACCOUNT)
    (lake / "out/_temporary").mkdir(parents=True)
    (lake / "half").write_text("ha")
    mirror.push(ACCOUNT, lambda: {lake / "half"}, lambda: False)
    assert keys() == []
    assert (lake / "out/_temporary").is_dir()
    (lake / "half").write_text("half and half")
    mirror.push(ACCOUNT)
    assert keys() == ["half"]


def test_a_pull_leaves_alone_what_a_running_step_has_written(s3, mirror, lake):
    put(s3, "x", "old")
    mirror.pull(ACCOUNT)
    (lake / "x").write_text("by the running step")
    put(s3, "x", "theirs")
    mirror.pull(ACCOUNT)
    assert (lake / "x").read_text() == "by the running step"


@pytest.mark.parametrize(
    "key", ["../out", "a/../../out", "a//b", "/etc/x", ".", "a/./b", "folder/", "n" * 300, "nul\0"]
)
def test_a_key_that_cannot_be_a_file_is_skipped_with_a_warning(s3, mirror, lake, tmp_path, key):
    s3_backends[ACCOUNT]["aws"].put_object("lake", key, b"content")
    before = {path for path in tmp_path.rglob("*") if lake not in path.parents}
    moved = mirror.pull(ACCOUNT)
    assert list(lake.rglob("*")) == []
    assert {path for path in tmp_path.rglob("*") if lake not in path.parents} - before <= {
        lake,
        lake.parent,
        lake.parent / "step-logs",
    }
    assert len(moved.warnings) == 1
    mirror.push(ACCOUNT)
    assert list(s3_backends[ACCOUNT]["aws"].buckets["lake"].keys) == [key]


def test_of_a_key_and_a_folder_of_the_same_name_the_folder_is_seen(s3, mirror, lake, keys):
    put(s3, "a", "object")
    put(s3, "a/b", "below")
    moved = mirror.pull(ACCOUNT)
    assert (lake / "a/b").read_text() == "below"
    assert "a is not mirrored" in moved.warnings[0]
    mirror.push(ACCOUNT)
    assert keys() == ["a", "a/b"]


def test_an_empty_object_ending_in_a_slash_is_a_directory_until_it_is_removed(s3, mirror, lake, keys):
    put(s3, "folder/", "")
    mirror.pull(ACCOUNT)
    mirror.push(ACCOUNT)
    mirror.pull(ACCOUNT)
    assert (lake / "folder").is_dir()
    assert keys() == ["folder/"]
    (lake / "folder").rmdir()
    mirror.push(ACCOUNT)
    assert keys() == []


def test_versions_and_delete_markers_are_right_in_a_versioned_bucket(s3, mirror, lake):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    put(s3, "x", "1")
    put(s3, "gone")
    mirror.pull(ACCOUNT)
    (lake / "x").write_text("12")
    (lake / "gone").unlink()
    mirror.push(ACCOUNT)
    mirror.push(ACCOUNT)
    found = s3.list_object_versions(Bucket="lake")
    assert [(v["Key"], v["Size"], v["IsLatest"]) for v in found["Versions"]] == [
        ("gone", 4, False),
        ("x", 2, True),
        ("x", 1, False),
    ]
    assert [(m["Key"], m["IsLatest"]) for m in found["DeleteMarkers"]] == [("gone", True)]
    assert mirror.pull(ACCOUNT).downloaded == 0


def test_an_upload_is_the_object_that_a_put_would_have_made(s3, mirror, lake):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key-1"}}
    s3.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration={"Rules": [rule]})
    mirror.pull(ACCOUNT)
    began = datetime.now(UTC).replace(microsecond=0)  # S3 counts in seconds
    body = os.urandom(6_000_000)  # beyond what moto keeps in memory
    (lake / "mirrored").write_bytes(body)
    mirror.push(ACCOUNT)
    put(s3, "put", body)
    mirrored, expected = (s3.head_object(Bucket="lake", Key=key) for key in ("mirrored", "put"))
    for fact in ("ETag", "ContentLength", "ContentType", "ServerSideEncryption", "SSEKMSKeyId"):
        assert mirrored[fact] == expected[fact]
    assert s3.get_object(Bucket="lake", Key="mirrored")["Body"].read() == body
    assert began <= mirrored["LastModified"] <= expected["LastModified"]


def test_an_empty_file_is_an_empty_object(s3, mirror, lake):
    mirror.pull(ACCOUNT)
    (lake / "_SUCCESS").touch()
    mirror.push(ACCOUNT)
    assert s3.head_object(Bucket="lake", Key="_SUCCESS")["ContentLength"] == 0


def test_a_symbolic_link_is_not_an_object(mirror, lake, keys, tmp_path):
    mirror.pull(ACCOUNT)
    (tmp_path / "secret").write_text("of the machine")
    (lake / "link").symlink_to(tmp_path / "secret")
    mirror.push(ACCOUNT)
    assert keys() == []


def test_a_bucket_that_is_gone_takes_its_files_with_it(s3, mirror, lake):
    put(s3, "x")
    mirror.pull(ACCOUNT)
    s3.delete_object(Bucket="lake", Key="x")
    s3.delete_bucket(Bucket="lake")
    mirror.pull(ACCOUNT)
    assert not lake.exists()


def test_a_file_whose_name_is_no_utf8_is_skipped_with_a_warning(mirror, lake, keys):
    mirror.pull(ACCOUNT)
    (lake / os.fsdecode(b"\xff")).write_text("x")
    moved = mirror.push(ACCOUNT)
    assert keys() == []
    assert "not UTF-8" in moved.warnings[0]


def test_steps_at_the_same_time_lose_nothing(s3, mirror, lake, keys):
    def step(number):
        mirror.pull(ACCOUNT)
        (lake / f"{number}").write_text("x")
        mirror.push(ACCOUNT, tuple, lambda: False)

    threads = [threading.Thread(target=step, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys() == [str(number) for number in range(8)]
