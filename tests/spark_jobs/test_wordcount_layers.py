"""Whole nights of wordcount: real books, generated text, bad files."""

import base64
import gzip
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from datagen import generate_text
from medallion.errors import NoInputError, UnknownEncodingError
from nightshift_contract.reading import contract
from wordcount.jobs import lines
from wordcount.jobs.counts import ODD, words_of_lines
from wordcount.jobs.tokens import words

P = "wordcount"


def counted(lake: Any, day: str) -> dict[str, int]:
    return {row["word"]: row["occurrences"] for row in lake.gold(P, day, "word_counts")}


@pytest.mark.parametrize(
    ("book", "tokens", "distinct", "top"),
    [
        ("dom_casmurro", 67302, 8842, {"que": 2663, "a": 2613, "e": 2192}),
        ("alice_in_wonderland", 27425, 2575, {"the": 1650, "and": 874}),
    ],
)
def test_a_real_book_is_counted_right(
    lake: Any, shared_data: Path, a_day: str, as_a_cluster: Any, book: str, tokens: int, distinct: int, top: Any
) -> None:
    with as_a_cluster():
        lake.run(P, a_day, shared_data / "wordcount" / f"{book}.txt")
    words = counted(lake, a_day)
    assert (sum(words.values()), len(words)) == (tokens, distinct)
    assert dict(list(words.items())[: len(top)]) == top


def test_generated_text_is_counted_as_its_generator_did(lake: Any, tmp_path: Path, a_day: str) -> None:
    one = generate_text(tmp_path / "text" / "pt.txt", 60_000)
    two = generate_text(tmp_path / "text" / "deep" / "en é+x.txt", 60_000, language="en")
    result = lake.run(P, a_day, tmp_path / "text", page=True)
    assert counted(lake, a_day) == one.counts + two.counts
    assert {layer: t["lines"]["accepted"] for layer, t in result.items()} == dict.fromkeys(
        result, one.lines + two.lines
    )
    assert_page_shows(lake.page(P, a_day), one.counts + two.counts)


@pytest.fixture(params=["en", "tr", "lt"])
def language(spark: Any, request: pytest.FixtureRequest) -> Any:
    """The language of the machine that Java runs on."""
    java = spark.sparkContext._jvm.java.util.Locale
    before = java.getDefault()
    java.setDefault(java.forLanguageTag(request.param))
    yield request.param
    java.setDefault(before)


@pytest.mark.usefixtures("language")
def test_latin_text_and_the_lines_that_travel_to_python_have_the_words_of_the_flink_job(spark: Any) -> None:
    rng, near = Random(1), [chr(n) for n in (*range(0x180), *range(0x2010, 0x2028), 0x20AC)]
    others = ["\u0130", "\u0301", "\u0180", "\u03a3", "\u1e9e", "\u200d", "漢", "\U0001d400", "\U0001f600"]
    texts = [f"x{one}Y{one}{one} {one}" for one in near + others] + ["", "cafe\u0301 É", "ΟΔΟΣ odos"]
    texts += ["".join(rng.choices(near, k=30)) + rng.choice(["", *others]) for _ in range(300)]
    rows = [("f", n, text) for n, text in enumerate(texts)]
    found = words_of_lines(spark.createDataFrame(rows, "source_file string, line bigint, text string"))
    assert {row["line"]: row["words"] for row in found.collect()} == {n: words(text) for _, n, text in rows}
    assert [text for text in near if re.search(ODD, text)] == ["\u0130"]


def assert_page_shows(page: dict[str, Any], counts: Counter[str]) -> None:
    """The figures of page.json against a count that Spark had no part in."""
    figures = page["figures"]
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    assert (figures["words"], figures["distinct"]) == (counts.total(), len(counts))
    assert figures["once"] == sum(count == 1 for count in counts.values())
    assert [(word, count) for word, count, _ in figures["top"]] == ordered[:250]
    assert [row[1] for row in figures["ranks"]] == [ordered[rank - 1][1] for rank, _ in figures["ranks"]]
    assert {row[0]: row[1] for row in figures["lengths"]} == Counter(min(25, len(word)) for word in counts)
    assert [tuple(row) for row in page["tables"]["word_counts"]["rows"]] == ordered[:20]


def test_words_are_ordered_by_occurrences_then_by_code_point(lake: Any, drop: Any, a_day: str) -> None:
    lake.run(P, a_day, drop({"a.txt": "zebra é Ωmega a \U00010400 \ufb01 b b é\n"}))
    words = [(row["word"], row["occurrences"]) for row in lake.gold(P, a_day, "word_counts")]
    assert words == sorted(words, key=lambda row: (-row[1], row[0]))
    assert words[:2] == [("b", 2), ("é", 2)]
    manifest = lake.manifest(P, a_day, "gold")
    [table], made_by = manifest["gold"], manifest["contract"]
    assert made_by == contract(P).digest
    assert table["schema"] == {"word": "string", "occurrences": "bigint"}
    assert (table["rows"], table["null_keys"], table["duplicate_keys"]) == (len(words), 0, 0)


def test_lines_keep_their_file_and_number_though_many_tasks_read_them(
    lake: Any, drop: Any, a_day: str, spark: Any
) -> None:
    texts = {f"{name}.txt": "".join(f"{name} {n}\n" for n in range(1, 3001)) for name in "ab"}
    before = spark.conf.get("spark.sql.files.maxPartitionBytes")
    spark.conf.set("spark.sql.files.maxPartitionBytes", "4096")
    try:
        lake.run(P, a_day, drop(texts), layers="bronze")
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", before)
    rows = lake.rows("bronze", P, "lines", a_day)
    assert {(Path(r["source_file"]).stem, r["line"], r["text"]) for r in rows} == {
        (name, n, f"{name} {n}") for name in "ab" for n in range(1, 3001)
    }


def test_an_undecodable_line_is_quarantined_with_its_bytes(lake: Any, drop: Any, a_day: str) -> None:
    content = "\ufeffolá\r\n".encode() + b"caf\xe9\n" + "fim \ufffd".encode()
    result = lake.run(P, a_day, drop({"a b.txt": content, "vazio.txt": b"", "_x.txt": b"oi"}))
    lines = result["bronze"]["lines"]
    assert (lines["rows_in"], lines["accepted"]) == (4, 2)
    assert lines["reasons"] == {"undecodable": 1, "hidden_file": 1}
    assert lines["warnings"] == {"empty_file": 1}
    hidden, bad = lake.quarantine("bronze", P, "lines", a_day)
    assert (bad["line"], bad["raw_encoding"], base64.b64decode(bad["raw"])) == (2, "base64", b"caf\xe9")
    assert hidden["reason"] == "hidden_file" and hidden["source_file"].endswith("_x.txt")
    assert counted(lake, a_day) == {"olá": 1, "fim": 1}


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-be", "utf-8-sig", "shift_jis", "mac_roman"]
)
def test_text_in_another_encoding_is_read_by_its_name(lake: Any, drop: Any, a_day: str, encoding: str) -> None:
    text = "Não há à mão, só pão\nnão\n" if encoding != "shift_jis" else "猫と犬 猫\n"
    lake.run(P, a_day, drop({"t.txt": text.encode(encoding)}), encoding=encoding)
    expected = Counter(text.lower().replace(",", " ").split())
    assert counted(lake, a_day) == expected


def test_each_file_is_read_as_what_its_bytes_are_and_one_that_is_no_text_stops_nobody(
    lake: Any, drop: Any, a_day: str
) -> None:
    """What is good here says serra four times and amanhecer once; what is not would say lixo, or single letters."""
    note = "A serra ao amanhecer\r\nserra\r\n"
    files = {
        "[bom] a?*.txt": b"serra 1\n",
        "texto.txt.gz": b"serra\n",
        "nota.txt": note.encode("utf-16"),
        "pasta/sem nome": gzip.compress(b"vale\n") + gzip.compress(b"vale"),
        "cortado.txt.gz": gzip.compress(b"lixo\n" * 999)[:-9],
        "sem marca.txt": note.encode("utf-16-le"),
        "folha.pdf": b"%PDF-1.4\n1 0 obj\nlixo\nendobj\n",
        "tabela.txt": b"PK\x03\x04\x14\0 [Content_Types].xml lixo",
        "programa.txt": b"lixo\n" * 200 + b"\x01\x02",
        "linha.txt": b"lixo\n" + b"x" * 70_000,
    }
    bronze = lake.run(P, a_day, drop(files), words=["--longest-line=65536"])["bronze"]["lines"]
    reasons = {"bad_gzip": 1, "long_line": 1, "not_text": 3, "office_file": 1}
    assert (bronze["accepted"], bronze["reasons"]) == (6, reasons)
    refused = {Path(r["source_file"]).name: r["reason"] for r in lake.quarantine("bronze", P, "lines", a_day)}
    assert (refused["cortado.txt.gz"], refused["sem marca.txt"]) == ("bad_gzip", "not_text")
    assert counted(lake, a_day) == {"serra": 4, "vale": 2, "a": 1, "amanhecer": 1, "ao": 1}


def test_an_encoding_that_does_not_exist_is_refused(lake: Any, drop: Any, a_day: str) -> None:
    with pytest.raises(UnknownEncodingError, match="'utf-99'"):
        lake.run(P, a_day, drop({"t.txt": "x"}), encoding="utf-99")


@pytest.mark.parametrize("folder", [".", "absent"])
def test_no_file_is_no_input(lake: Any, tmp_path: Path, a_day: str, folder: str) -> None:
    with pytest.raises(NoInputError, match="nothing at"):
        lake.run(P, a_day, tmp_path / folder)


def test_a_file_without_words_gives_empty_gold(lake: Any, drop: Any, a_day: str) -> None:
    lake.run(P, a_day, drop({"t.txt": "42 ² -- \n\n"}))
    assert lake.gold(P, a_day, "word_counts") == []
    assert lake.counts(P, a_day, "silver")["lines"]["accepted"] == 2


def test_a_run_again_replaces_its_own_date_only(lake: Any, drop: Any, a_day: str) -> None:
    lake.run(P, a_day, drop({"t.txt": b"um\n\xff\n"}, "one"))
    other = lake.files()
    lake.run(P, "2025-12-30", drop({"t.txt": "dois"}, "two"), layers="bronze")
    lake.run(P, "2025-12-30", drop({"t.txt": "dois dois"}, "three"))
    assert counted(lake, "2025-12-30") == {"dois": 2}
    assert other.items() <= lake.files().items()
    lake.run(P, a_day, drop({"t.txt": "um"}, "four"))
    assert lake.quarantine("bronze", P, "lines", a_day) == []


def test_a_file_that_spark_passes_over_for_its_folder_is_told_and_one_it_reads_is_not_counted_twice(
    lake: Any, drop: Any, a_day: str
) -> None:
    files = {"a.txt": "oi\n", "__MACOSX/b.txt": "lixo\n", "x/.git/c.txt": "lixo\n", "_dia=1.txt": "ola\n"}
    bronze = lake.run(P, a_day, drop(files))["bronze"]["lines"]
    assert (bronze["accepted"], bronze["reasons"]) == (2, {"hidden_file": 2})
    assert counted(lake, a_day) == {"oi": 1, "ola": 1}


def test_no_line_is_lost_when_executors_join_between_the_two_readings(drop: Any, spark: Any) -> None:
    folder = drop({f"{name}.txt": "".join(f"{name} {n}\n" for n in range(1, 3001)) for name in "ab"})
    cores, opening = "spark.sql.leafNodeDefaultParallelism", "spark.sql.files.openCostInBytes"
    spark.conf.set(opening, "16")
    try:
        raw = lines.read_raw(spark, [str(folder)], "utf-8")
        blocks = lines.measure_blocks(raw)
        spark.conf.set(cores, "16")
        rows = lines.numbered(raw, blocks, strip_mark=True).collect()
    finally:
        spark.conf.unset(cores)
        spark.conf.unset(opening)
    assert sorted((r["text"][0], r["line"]) for r in rows) == [(name, n) for name in "ab" for n in range(1, 3001)]
