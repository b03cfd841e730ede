"""Texts with every kind of trouble in one night of wordcount: each line counted, or kept as the bytes it was."""

from __future__ import annotations

import base64
import tempfile
import unicodedata
from codecs import BOM_UTF8
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.spark_jobs.conftest import LocalLake
from wordcount.jobs.text_encoding import byte_order, split_lines
from wordcount.jobs.tokens import words

P, DAY = "wordcount", "2025-12-29"
PIECES = [
    *(
        "olá mundo\n",
        "São Paulo\r\n",
        "cafe\u0301 café\n",
        "\r",
        "\n",
        "\n\n",
        "um dois",
        "don't 42² Ⅷ\n",
        "\ufeff",
        "\ufffd\n",
    ),
    *("İstanbul ß ﬁ\n", "\0nulo\0\n", "\u2028\u0085 x\n", "猫と犬\n", "🚀 a\u0301\u0327b\n", "x" * 7_000, " \t\n"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
DAMAGE = st.sampled_from(
    [
        b"\xff",
        b"\xe9\n",
        b"\xc3",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\0",
        b"\xef\xbb\xbf",
        b"\n\xfe",
        b"",
    ]
)
BYTES = st.builds(lambda a, bad, b: a.encode() + bad + b.encode(), TEXT, DAMAGE, TEXT)
ALL_PIECES = [piece.encode() for piece in PIECES]


def plain_words(text: str) -> list[str]:
    """The contract (category L* of the NFC, lower-cased text), written once more without a regular expression."""
    runs = groupby(unicodedata.normalize("NFC", text).lower(), lambda c: unicodedata.category(c).startswith("L"))
    return ["".join(letters) for is_word, letters in runs if is_word]


@given(text=st.one_of(st.text(max_size=200), TEXT))
def test_words_are_the_runs_of_letters_of_the_contract(text: str) -> None:
    assert words(text) == plain_words(text)


@given(content=st.one_of(st.binary(max_size=40), TEXT.map(lambda t: t.encode("utf-16"))))
@example(content=b"A\r\0")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "cp037"])
def test_a_whole_file_is_cut_at_its_line_feeds_and_nowhere_else(encoding: str, content: bytes) -> None:
    ordered = byte_order(content, encoding)
    feed, carriage = "\n".encode(ordered), "\r".encode(ordered)
    text = content.removeprefix("\ufeff".encode(ordered)) if encoding in {"utf-16", "utf-32"} else content
    units = [text[n : n + len(feed)] for n in range(0, len(text), len(feed))]
    expected, line = [], list[bytes]()
    for unit in units:
        if unit == feed:
            expected.append(line)
            line = []
        else:
            line.append(unit)
    expected += [line] if line else []
    assert list(split_lines(content, encoding)) == [b"".join(u[:-1] if u[-1:] == [carriage] else u) for u in expected]


def expected_of(files: dict[str, bytes]) -> tuple[Counter[str], dict[tuple[str, int], bytes], int]:
    """Words, undecodable lines (line 0: the file, of which nothing is read) and lines in all, by Python alone."""
    counts: Counter[str] = Counter()
    bad: dict[tuple[str, int], bytes] = {}
    total = 0
    for name, content in files.items():
        if b"\0" in content:
            total, bad[name, 0] = total + 1, b""
            continue
        for number, line in enumerate(content.removeprefix(BOM_UTF8).splitlines(), start=1):
            total += 1
            try:
                counts.update(plain_words(line.decode("utf-8")))
            except UnicodeDecodeError:
                bad[name, number] = line
    return counts, bad, total


@settings(max_examples=max(1, settings.default.max_examples // 100 - 1), phases=[Phase.explicit, Phase.generate])
@given(contents=st.lists(BYTES, min_size=30, max_size=60))
@example(
    contents=[
        a + bad + b
        for a in ALL_PIECES[:6]
        for bad in (b"\xff", b"\xed\xa0\x80", b"\0", b"\n\xc3")
        for b in ALL_PIECES[9:12]
    ]
)
def test_every_line_is_counted_or_kept_as_its_bytes(spark: Any, contents: list[bytes]) -> None:
    files = {f"{n:03d}.txt": content for n, content in enumerate([b"ok\n", *contents])}
    with tempfile.TemporaryDirectory() as folder:
        source, lake = Path(folder) / "in", LocalLake(spark, Path(folder) / "lake")
        source.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content)
        told = lake.run(P, DAY, source)["bronze"]["lines"]
        found = {row["word"]: row["occurrences"] for row in lake.gold(P, DAY, "word_counts")}
        refused = lake.quarantine("bronze", P, "lines", DAY)
    words_in, bad, total = expected_of(files)
    assert (told["rows_in"], told["quarantined"]) == (total, len(bad))
    lines = [line for _, line in bad]
    assert told["reasons"] == +Counter(undecodable=len(lines) - lines.count(0), not_text=lines.count(0))
    kept = {
        (row["source_file"].rpartition("/")[2], row["line"]): base64.b64decode(row["raw"]) if row["line"] else b""
        for row in refused
    }
    assert kept == bad
    assert found == words_in
