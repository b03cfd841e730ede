"""Text of any length that looks Portuguese or English, with the count of each word."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from datagen.words import COMMON, ENDINGS, STEMS

LANGUAGES = tuple(COMMON)
WORDS_A_LINE = 12
# What stands between words ends them: digits, hyphens and apostrophes do, as blanks do. With how many of a thousand.
GAPS = {" ": 860, ", ": 60, ". ": 50, " - ": 4, "-": 8, "'": 4, "; ": 4, " 42 ": 4, " (1ª) ": 0.3, " ² ": 4}
_LETTERS_IN_GAPS = {" (1ª) ": ("ª",)}  # the ordinal mark is a letter (category Lo)


@dataclass(frozen=True)
class TextTruth:
    """What a count of the words must find."""

    size: int
    lines: int
    counts: Counter[str]

    def write(self, path: Path) -> None:
        """Write the truth as JSON."""
        body = {
            "bytes": self.size,
            "lines": self.lines,
            "tokens": self.counts.total(),
            "distinct": len(self.counts),
            "counts": dict(self.counts.most_common()),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")


def generate_text(path: Path, size: int, language: str = "pt", seed: int = 1) -> TextTruth:
    """Write at least `size` bytes of text in whole lines; `language` is pt or en.

    Streams: a file of any size takes the memory of a line and of the vocabulary.
    """
    rng, counts = Random(f"{seed}:{language}"), Counter[str]()
    vocabulary = _vocabulary(rng, language)
    # A few words are most of every text: the n-th is n times rarer than the first.
    weights = list(accumulate(1 / n for n in range(1, len(vocabulary) + 1)))
    gaps_of, gap_weights, written, lines = list(GAPS), list(GAPS.values()), 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while written < size:
            words = rng.choices(vocabulary, cum_weights=weights, k=WORDS_A_LINE)
            counts.update(words)
            gaps = rng.choices(gaps_of, weights=gap_weights, k=WORDS_A_LINE)
            counts.update(letter for gap in gaps for letter in _LETTERS_IN_GAPS.get(gap, ()))
            written += file.write("".join(_line(rng, words, gaps)).encode("utf-8"))
            lines += 1
    return TextTruth(written, lines, counts)


def _vocabulary(rng: Random, language: str) -> list[str]:
    """The common words first, then derived ones in a random order."""
    derived = {stem + ending for stem in STEMS[language] for ending in ENDINGS[language]} - {*COMMON[language]}
    rare = sorted(derived)
    rng.shuffle(rare)
    return [*dict.fromkeys(COMMON[language]), *rare]


def _line(rng: Random, words: Sequence[str], gaps: Sequence[str]) -> Iterator[str]:
    """The words with what stands between them, in the spellings that mean the same word."""
    for word, gap in zip(words, gaps, strict=True):
        dice = rng.random()
        if dice < 0.01:
            yield word.upper()
        elif dice < 0.06:
            yield unicodedata.normalize("NFD", word)
        else:
            yield word.capitalize() if dice < 0.12 else word
        yield gap
    yield "\n"
