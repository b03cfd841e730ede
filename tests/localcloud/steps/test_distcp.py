"""s3-dist-cp over the directories of this machine."""

from __future__ import annotations

import pytest

from localcloud.steps.commands import distcp


@pytest.fixture
def places(tmp_path):
    buckets, hdfs = tmp_path / "buckets", tmp_path / "hdfs"
    for name, body in (("logs/2025/a.gz", "a"), ("logs/2025/b.txt", "b"), ("logs/2026/a.gz", "c")):
        path = buckets / "lake" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    hdfs.mkdir()
    return buckets, hdfs


def run(places, *args):
    return distcp.main([str(places[0]), str(places[1]), *args])


def below(directory):
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_a_tree_is_copied_with_its_folders(places):
    assert run(places, "--src", "s3://lake/logs/", "--dest", "hdfs:///in") == 0
    assert below(places[1] / "in") == {"2025/a.gz": "a", "2025/b.txt": "b", "2026/a.gz": "c"}
    assert len(below(places[0])) == 3


def test_a_pattern_chooses_by_the_whole_uri(places):
    assert run(places, "--src=s3://lake/logs", "--dest=hdfs:///in", "--srcPattern=.*/2025/.*[.]gz") == 0
    assert below(places[1]) == {"in/2025/a.gz": "a"}


def test_a_pattern_that_matches_nothing_fails_as_on_emr(places, capsys):
    assert run(places, "--src", "s3://lake/logs", "--dest", "hdfs:///in", "--srcPattern", "gz") == 1
    assert "Input path does not exist" in capsys.readouterr().err
    assert below(places[1]) == {}


def test_files_of_one_group_are_joined_under_its_name(places):
    assert run(places, "--src", "s3://lake/logs", "--dest", "hdfs:///in", "--groupBy", ".*/logs/(20..)/.*") == 0
    assert below(places[1]) == {"in/2025": "ab", "in/2026": "c"}


def test_sources_go_only_when_asked_and_only_those_copied(places):
    copy = ("--src", "s3://lake/logs", "--dest", "s3://lake/copy", "--srcPattern", ".*gz", "--deleteOnSuccess")
    assert run(places, *copy) == 0
    assert set(below(places[0] / "lake")) == {"copy/2025/a.gz", "copy/2026/a.gz", "logs/2025/b.txt"}


def test_target_size_is_taken_with_a_word(places, capsys):
    assert run(places, "--src", "s3://lake/logs", "--dest", "hdfs:///in", "--targetSize", "128") == 0
    assert "--targetSize means nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("s3://lake/nope", "Input path does not exist"),
        ("s3://nowhere/x", "NoSuchBucket"),
        ("s3://lake/../..", "leads out of its bucket"),
        ("ftp://lake/x", "not ftp://"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(places, capsys, source, says):
    assert run(places, "--src", source, "--dest", "hdfs:///in") == 1
    assert says in capsys.readouterr().err
