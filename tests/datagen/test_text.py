"""Generated text and the truth about it."""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from datagen import generate_text
from datagen.__main__ import main


def counted(path: Path) -> Counter[str]:
    """An independent count: letters one by one, by their Unicode category."""
    text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8")).lower()
    letters = "".join(c if unicodedata.category(c).startswith("L") else " " for c in text)
    return Counter(letters.split())


@pytest.mark.parametrize("language", ["pt", "en"])
def test_the_truth_is_what_an_independent_count_finds(tmp_path: Path, language: str) -> None:
    truth = generate_text(tmp_path / "t.txt", 50_000, language)
    assert counted(tmp_path / "t.txt") == truth.counts
    assert (tmp_path / "t.txt").stat().st_size == truth.size >= 50_000
    assert len((tmp_path / "t.txt").read_text(encoding="utf-8").splitlines()) == truth.lines


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_text(tmp_path / name, 5_000, seed=seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_the_text_has_accents_decomposed_letters_and_things_that_are_no_words(tmp_path: Path) -> None:
    generate_text(tmp_path / "t.txt", 20_000)
    text = (tmp_path / "t.txt").read_text(encoding="utf-8")
    assert re.search("[ãçé]", text) and "\u0303" in text and "²" in text and "42" in text


def test_the_command_writes_text_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["text", "--out", f"{tmp_path}/t.txt", "--truth", f"{tmp_path}/truth.json", "--bytes", "1000"])
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["counts"] == counted(tmp_path / "t.txt")
    assert truth["tokens"] == sum(truth["counts"].values())
    assert str(truth["tokens"]) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "usual"), [("pt", {"de", "que", "a", "e", "o"}), ("en", {"the", "of", "and", "to"})]
)
def test_the_commonest_words_are_those_of_the_language(tmp_path: Path, language: str, usual: set[str]) -> None:
    counts = generate_text(tmp_path / "t.txt", 100_000, language).counts
    commonest = [word for word, _ in counts.most_common(10)]
    assert usual <= set(commonest), commonest
    assert 0 < counts["ª"] < counts.total() / 1000
