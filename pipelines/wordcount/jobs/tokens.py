"""Definition of a word: a pure function that Spark and Flink jobs share, so that both count alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# `[^\W\d_]` is nearly category L*: it also matches non-decimal numbers, such as "²" and "Ⅷ".
_NEARLY_LETTERS = re.compile(r"[^\W\d_]+")
_ASCII_LETTERS = re.compile(r"[a-z]+")


def normalise(text: str) -> str:
    """The text as the word search expects it: composed (NFC) first, then lower-cased."""
    return unicodedata.normalize("NFC", text).lower()


def words(text: str) -> list[str]:
    """The words of a text in their order: maximal runs of Unicode letters (category L*), normalised.

    Digits, apostrophes, hyphens and combining marks end a word.
    """
    plain = normalise(text)
    if plain.isascii():
        return _ASCII_LETTERS.findall(plain)
    return [word for run in _NEARLY_LETTERS.findall(plain) for word in _letters_only(run)]


def _letters_only(run: str) -> Iterator[str]:
    if run.isalpha():
        yield run
    else:
        yield from "".join(c if c.isalpha() else " " for c in run).split()
