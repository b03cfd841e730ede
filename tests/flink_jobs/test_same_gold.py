"""The engines count alike: the real steps of both on the same texts, their gold and quarantine row for row."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest

from datagen import generate_text
from tests.flink_jobs.conftest import SHARED_DATA

pytestmark = pytest.mark.spark

ODD = {
    "breaks": b"one\r\rtwo\r\nthr\x1bee\n\nand the last",
    "bytes": b"good\nbad \xff\xfe line\rgood\r\nworse \xc3(\n",
    "marked": "\ufeffmark e\u0301 \ufffd IJsselmeer İstanbul ² Ⅷ ª".encode(),
    "torn.gz": gzip.compress(b"torn " * 999, mtime=0)[:-9],
    "called.gz": b"called packed",
    "packed": gzip.compress(b"packed without a name", mtime=0),
    "wide.txt": "wide ação\n".encode("utf-16"),
    "nul.txt": b"some\nand \x00 more",
    "a.pdf": b"%PDF-1.4 endobj",
    "packed.gz": gzip.compress("zipped ação\n".encode() * 3, mtime=0),
    "empty": b"",
    "_hidden": b"unseen",
    ".deep/er.txt": b"unseen",
    'it\'s, "quoted".txt': "quotes naïve".encode(),
}


def rows(gold):
    return [tuple(row.values()) for row in gold.to_pylist()]


def without_paths(manifests):
    """Manifests but for where gold is staged, which is each night's own place, and what Spark used."""
    return {
        layer: {**manifest, "spark": None, "gold": [{**staged, "path": None} for staged in manifest["gold"]]}
        for layer, manifest in manifests.items()
    }


def same(spark, flink):
    """Whether two nights left the same; gives the gold, which is worth a look of its own."""
    counted, expected = (rows(played.gold) for played in (flink, spark))
    assert set(counted) ^ set(expected) == set()
    assert counted == expected  # and in the same order
    assert flink.quarantine == spark.quarantine
    assert without_paths(flink.manifests) == without_paths(spark.manifests)
    pages = [
        json.loads(played.objects(f"{played.night.record_prefix}page.json").popitem()[1]) for played in (flink, spark)
    ]
    assert pages[0]["figures"] == pages[1]["figures"] and pages[0]["tables"] == pages[1]["tables"]
    return flink.gold


def test_novels_made_up_text_and_odd_files_give_the_same_gold_quarantine_and_manifests(play, tmp_path):
    texts = {f"shared/{file.name}": file.read_bytes() for file in sorted(SHARED_DATA.glob("wordcount/*.txt"))}
    for language in ("pt", "en"):
        truth = tmp_path / f"{language}.txt"
        generate_text(truth, 30_000, language, seed=7)
        texts[truth.name] = truth.read_bytes()
    spark, flink = (play(engine, {**texts, **ODD}) for engine in ("spark", "flink"))
    gold = same(spark, flink)
    assert gold.num_rows > 1000
    reasons = Counter(row["reason"] for row in flink.quarantine)
    assert reasons == {"hidden_file": 2, "undecodable": 2, "not_text": 2, "bad_gzip": 1}
    (lines,) = flink.manifests["bronze"]["tables"]
    assert lines["rows_in"] == lines["accepted"] + lines["quarantined"]
    if not texts.keys() & {"shared/dom_casmurro.txt"}:
        pytest.skip("the same, but without the novels: the real input data (../shared/data) is not on this machine")
    assert dict(rows(gold))["casmurro"] >= 10


@pytest.mark.long  # each engine by itself: test_flink_wordcount.py, tests/spark_jobs/test_text_encoding.py
def test_text_whose_line_breaks_are_wider_than_a_byte_counts_the_same(play):
    texts = {"wide.txt": "olá mundo\r\nolá ઊ\n".encode("utf-16") + b"\x00", "_hidden": b"unseen"}
    spark, flink = (play(engine, texts, "utf-16") for engine in ("spark", "flink"))
    assert same(spark, flink).to_pydict()["word"][0] == "olá"
