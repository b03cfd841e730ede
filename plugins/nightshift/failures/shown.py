"""Escapes text from data for a terminal, a message or a page, so that no control character takes effect there."""

from __future__ import annotations

import unicodedata

# Bidirectional controls: they reorder displayed text, so that a line looks different from its content (Trojan Source).
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LONGEST = 400
_OTHERS = {"Cc", "Cs", "Zl", "Zp"}  # controls (C0, C1, so ANSI escapes too), lone surrogates, line separators


def plain(text: str) -> str:
    """The text with control and bidirectional characters as visible escapes; line feeds and tabs stay."""
    return text if text.isprintable() else "".join(map(_plain, text))


def line(text: str) -> str:
    """Likewise, with line ends and tabs escaped too, so that a value cannot fake a line of ours."""
    return plain(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str, most: int = LONGEST) -> str:
    """`line` of a text, cut to about `most` characters; the record has the whole text."""
    whole = line(text)
    if len(whole) <= most:
        return whole
    return f"{whole[:most].rsplit(' ', 1)[0]} … ({len(whole):,} characters: see the record)"


def _plain(letter: str) -> str:
    if letter in "\n\t" or (letter not in _TURNING and unicodedata.category(letter) not in _OTHERS):
        return letter
    return letter.encode("unicode_escape").decode("ascii")
