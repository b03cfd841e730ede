"""Text of any length in made-up words that look Portuguese or English, with the count of each word."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

SYLLABLES = {
    "pt": ("ca", "ção", "rá", "que", "lho", "nha", "dê", "sa", "mí", "tu", "vó", "e", "bri", "ôn", "zu", "fã"),
    "en": ("th", "ing", "er", "wa", "ol", "sha", "be", "ock", "ly", "na", "ti", "gre", "oo", "mer", "naï", "st"),
}
WORDS_OF_A_LANGUAGE = 4000
WORDS_A_LINE = 12
# What stands between words ends them: digits, hyphens and apostrophes do, as blanks do.
GAPS = (" ", " ", " ", " ", " ", " ", ", ", ". ", " - ", "-", "'", "; ", " 42 ", " (1ª) ", " ² ")
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
    vocabulary = _vocabulary(rng, SYLLABLES[language])
    # A few words are most of every text: the n-th is n times rarer than the first.
    weights = list(accumulate(1 / n for n in range(1, len(vocabulary) + 1)))
    written = lines = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while written < size:
            words = rng.choices(vocabulary, cum_weights=weights, k=WORDS_A_LINE)
            counts.update(words)
            gaps = rng.choices(GAPS, k=WORDS_A_LINE)
            counts.update(letter for gap in gaps for letter in _LETTERS_IN_GAPS.get(gap, ()))
            written += file.write("".join(_line(rng, words, gaps)).encode("utf-8"))
            lines += 1
    return TextTruth(written, lines, counts)


def _vocabulary(rng: Random, syllables: Sequence[str]) -> list[str]:
    words = {unicodedata.normalize("NFC", s) for s in syllables}
    while len(words) < WORDS_OF_A_LANGUAGE:
        words.add("".join(rng.choices(syllables, k=rng.randint(1, 4))))
    return sorted(words, key=lambda word: (len(word), word))


def _line(rng: Random, words: Sequence[str], gaps: Sequence[str]) -> Iterator[str]:
    """The words with what stands between them, in the spellings that mean the same word."""
    for word, gap in zip(words, gaps, strict=True):
        dice = rng.random()
        if dice < 0.05:
            yield word.upper()
        elif dice < 0.10:
            yield unicodedata.normalize("NFD", word)
        else:
            yield word.capitalize() if dice < 0.2 else word
        yield gap
    yield "\n"
