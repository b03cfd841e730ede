"""Which encoding a text's bytes are in, shown by the letters that come out: some encodings read any bytes. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

WINDOWS = "cp1252"
# Windows, DOS and old Macs in Brazil; latin-1 for bytes that Windows-1252 has no character for.
WESTERN = (WINDOWS, "latin-1", "cp850", "cp860", "mac_roman")
_PORTUGUESE = "áàâãçéêíóôõúü"
_LATIN = f"{_PORTUGUESE}äëèïìîñòöùûßœÿ"
_MARKS = "ªº°§¿¡«»\u2013\u2014\u2018\u2019\u201c\u201d…•€£¢²³½¼¾¹®©\u2122±\xd7÷\xb4¨·\xa0"
_ODD = re.compile(rf"[a-z][{_LATIN.upper()}]|[{_LATIN}][A-Z]|[^\W\d_][¿¡«»\u201c\u201d•€£¢][^\W\d_]")
LEAST = 0.8  # share of the non-ASCII characters that are Portuguese letters, for a text to show another encoding


def likely(content: bytes) -> str:
    """The encoding of WESTERN that a text is in: Windows' own (latin-1 if that lacks a character), unless the letters
    are nearly all Portuguese in another and fewer of them in that one."""
    usual = next(name for name in WESTERN if reads(content, name))
    return max((name for name in WESTERN if name == usual or _is_portuguese(content, name)), key=_scores(content))


def rather(content: bytes, encoding: str) -> str:
    """The encoding that a text is in rather than in `encoding`, which reads it too; '' unless its letters show that:
    they are odd in `encoding` (`S¢lido`), and nearly all Portuguese in the other."""
    named = next((name for name in WESTERN if codecs.lookup(name) == codecs.lookup(encoding)), "")
    if not named or content.isascii() or _score(content.decode(named), _LATIN) > 0:
        return ""
    other = likely(content)
    return other if other != named and _is_portuguese(content, other) else ""


def reads(content: bytes, encoding: str) -> bool:
    """Whether an encoding has a character for all of these bytes."""
    try:
        content.decode(encoding)
    except ValueError:
        return False
    return True


def _is_portuguese(content: bytes, encoding: str) -> bool:
    if not reads(content, encoding):
        return False
    text = content.decode(encoding)
    return _score(text) >= LEAST * sum(not letter.isascii() for letter in text)


def _scores(content: bytes) -> Callable[[str], int]:
    return lambda encoding: _score(content.decode(encoding))


def _score(text: str, letters: str = _PORTUGUESE) -> int:
    """The number of letters that such a text has, less that of the characters that it has not; marks do not count."""
    signs = [letter for letter in text if not letter.isascii()]
    good = sum(letter.lower() in letters for letter in signs)
    odd = sum(letter.lower() not in letters and letter not in _MARKS for letter in signs)
    return good - odd - 2 * len(_ODD.findall(text))
