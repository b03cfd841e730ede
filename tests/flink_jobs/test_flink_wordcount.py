"""The Flink job in plain Python: a folder for HDFS, and a counter that cuts lines as Flink's reader does."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from datetime import date

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_wordcount.hdfs_file import HdfsFile
from flink_wordcount.job import run
from flink_wordcount.judging import lines_of, said
from flink_wordcount.order import Order
from medallion.errors import BadArgumentError, NoInputError, UnknownEncodingError

ORDER = Order(
    business_date=date(2026, 1, 4),
    input="s3://raw/in",
    copy="/copy",
    lake="s3://lake",
    out="/out",
    scratch="/scratch",
    staging="s3://lake/staging/x",
    manifests="s3://lake/runs/x/manifests",
)


class Hdfs(dict):
    """Files by their path."""

    def below(self, folder):
        top = f"{folder}/"
        return [HdfsFile(p.removeprefix(top), p, len(self[p])) for p in sorted(self) if p.startswith(top)]

    def chunks(self, folder, file):
        content = self[f"{folder}/{file.relative}"]
        yield from (content[at : at + 3] for at in range(0, len(content), 3))

    def write(self, uri, chunks):
        self[uri] = b"".join(chunks)

    def delete(self, folder):
        for file in self.below(folder):
            del self[file.path]

    def count(self, texts, pattern, counts, encoding):
        """What counting.count does with a cluster."""
        told = Counter()
        for file in self.below(texts):
            if re.fullmatch(pattern, file.path):
                content = self[file.path]
                stretches = content.removesuffix(b"\n").split(b"\n") if content else []
                for kind, word in (row for s in stretches for row in said(s.removesuffix(b"\r"), encoding)):
                    told[kind, "" if word else file.path, word or ""] += 1
        sink = io.StringIO(newline="")
        csv.writer(sink).writerows((*key, n) for key, n in told.items())
        self[f"{counts}/part-0"] = sink.getvalue().encode()


@pytest.fixture
def hdfs():
    return Hdfs()


def played(hdfs, texts, order=ORDER):
    hdfs |= {f"/copy/{name}": content for name, content in texts.items()}
    return {manifest.layer: manifest for manifest in run(order, hdfs, hdfs.count)}


def gold(hdfs):
    table = pq.read_table(io.BytesIO(hdfs["/out/staging/x/gold/word_counts/part-00000.parquet"]))
    return [tuple(row.values()) for row in table.to_pylist()]


def quarantine(hdfs):
    day = "/out/quarantine/wordcount/bronze/lines/business_date=2026-01-04/part-00000.parquet"
    return [(r["source_file"], r["line"], r["reason"]) for r in pq.read_table(io.BytesIO(hdfs[day])).to_pylist()]


def test_words_are_ranked_by_count_and_then_by_code_point(hdfs):
    played(hdfs, {"a": "b Z é\nz b".encode(), "b": b"a"})
    assert gold(hdfs) == [("b", 2), ("z", 2), ("a", 1), ("é", 1)]


def test_lines_that_are_no_text_are_kept_with_their_number_and_counted(hdfs):
    told = played(hdfs, {"sub/a": b"fine\r\n\xff bad\rfine\n\xfe", "b": b"fine"})
    assert quarantine(hdfs) == [("s3://raw/in/sub/a", 2, "undecodable"), ("s3://raw/in/sub/a", 4, "undecodable")]
    (lines,) = told["bronze"].tables
    assert (lines.rows_in, lines.accepted, lines.quarantined, lines.reasons) == (5, 3, 2, {"undecodable": 2})
    assert told["silver"].tables[0].rows_in == told["gold"].tables[0].rows_in == 3


def test_hidden_files_are_not_counted_but_told_of_and_empty_ones_are_a_warning(hdfs):
    told = played(hdfs, {"_x.txt": b"hidden", ".d/y": b"hidden", "e": b"", "seen": b"seen"})
    assert gold(hdfs) == [("seen", 1)]
    assert [row[2] for row in quarantine(hdfs)] == ["hidden_file", "hidden_file"]
    (lines,) = told["bronze"].tables
    assert (lines.rows_in, lines.reasons, lines.warnings) == (3, {"hidden_file": 2}, {"empty_file": 1})


def test_wide_encodings_reach_flink_as_utf8_and_their_bad_lines_the_quarantine(hdfs):
    order = Order(**{**vars(ORDER), "encoding": "utf-16"})
    told = played(hdfs, {"a": "olá\rઊ\nb\n".encode("utf-16") + b"\x00"}, order)
    assert gold(hdfs) == [("b", 1), ("olá", 1), ("ઊ", 1)]
    (lines,) = told["bronze"].tables
    assert (lines.rows_in, lines.accepted, lines.quarantined) == (3, 2, 1)


def test_each_file_is_counted_as_what_its_bytes_are_and_one_that_is_no_text_not_at_all(hdfs):
    texts = {
        "a.txt.gz": b"plain",
        "b": gzip.compress(b"packed"),
        "c": "wide".encode("utf-16"),
        "d.gz": gzip.compress(b"torn" * 99)[:-9],
        "e": b"bad\nand \0",
        "f": b"open",
        "g": b"%PDF-1.4",
    }
    (lines,) = played(hdfs, texts)["bronze"].tables
    assert gold(hdfs) == [("open", 1), ("packed", 1), ("plain", 1), ("wide", 1)]
    assert (lines.accepted, lines.reasons) == (4, {"bad_gzip": 1, "not_text": 2})
    refused = {(source[-1], line) for source, line, _ in quarantine(hdfs)}
    assert refused == {("z", 0), ("e", 0), ("g", 0)}


def test_the_staged_gold_is_measured_and_every_layer_leaves_its_manifest_where_the_lake_will_have_it(hdfs):
    told = played(hdfs, {"a": b"one two"})
    (staged,) = told["gold"].gold
    assert (staged.path, staged.rows, staged.null_keys, staged.duplicate_keys) == (
        *("s3://lake/staging/x/gold/word_counts", 2),
        *(0, 0),
    )
    assert staged.schema == {"word": "string", "occurrences": "bigint"}
    written = {layer: json.loads(hdfs[f"/out/runs/x/manifests/{layer}.json"]) for layer in told}
    assert written == {layer: json.loads(manifest.to_json()) for layer, manifest in told.items()}


def test_a_second_run_replaces_what_a_first_one_left_in_hdfs(hdfs):
    played(hdfs, {"a": b"one \xff\nlast"})
    hdfs["/copy/a"] = b"last"
    played(hdfs, {})
    assert gold(hdfs) == [("last", 1)]
    assert not [path for path in hdfs if "quarantine" in path]


@pytest.mark.parametrize(
    ("change", "texts", "error"),
    [
        ({}, {}, NoInputError),
        ({"encoding": "klingon"}, {"a": b"x"}, UnknownEncodingError),
        ({"staging": "s3://elsewhere/x"}, {"a": b"x"}, BadArgumentError),
    ],
)
def test_a_job_that_cannot_do_its_work_says_why(hdfs, change, texts, error):
    with pytest.raises(error):
        played(hdfs, texts, Order(**{**vars(ORDER), **change}))


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\xff", b"\xc3\xa9"]), max_size=12).map(b"".join), st.integers(1, 5)
)
def test_the_second_reading_cuts_lines_as_the_first_one_counts_them(content, size):
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    stretches = content.removesuffix(b"\n").split(b"\n") if content else []
    verdicts = [kind for s in stretches for kind, word in said(s.removesuffix(b"\r"), "utf-8") if word is None]
    assert len(list(lines_of(chunks))) == len(verdicts)
