"""Text out of data as a terminal, a message or a page may show it: nothing in it acts on what shows it."""

from __future__ import annotations

import unicodedata

# What turns the direction of the letters around it, so that a line reads other than it is (Trojan Source).
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OTHERS = {"Cc", "Cs", "Zl", "Zp"}  # controls (C0, C1, so ANSI's escapes too), lone surrogates, odd ends of lines


def plain(text: str) -> str:
    """The text with controls and what turns the direction of writing as visible escapes; its lines and tabs stay."""
    return text if text.isprintable() else "".join(map(_plain, text))


def line(text: str) -> str:
    """Likewise, as one line: an end of line in a value cannot pass for a line of ours."""
    return plain(text).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


def _plain(letter: str) -> str:
    if letter in "\n\t" or (letter not in _TURNING and unicodedata.category(letter) not in _OTHERS):
        return letter
    return letter.encode("unicode_escape").decode("ascii")
