"""Detect the encoding of one text file from its bytes alone; nothing is assumed that the bytes do not show."""

from __future__ import annotations

import codecs
import re

UTF_8, WINDOWS = "utf-8", "cp1252"
# Byte order marks; the longest come first, since UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings of DOS and of old Macs: each reads any bytes, so only the letters that come out say which it is.
OLDER = ("cp850", "cp860", "mac_roman")
_PORTUGUESE = "áàâãçéêíóôõúü"
# The non-ASCII characters of Portuguese and Spanish text; any other byte is no sign of Windows-1252.
_LATIN = "áàâãäçéèêëíìîïñóòôõöúùûü"
_IN_WORDS = "\u2013\u2014\u2018\u2019·\xb4\xa0"  # dashes, apostrophes, a blank: they stand between letters too
_MARKS_BESIDE = "ªº°§¿¡«»\u201c\u201d…•€£²³½¼¾¹¢®©\u2122±\xd7÷Øø¨"
_LETTERS = frozenset(f"{_LATIN}{_LATIN.upper()}{_MARKS_BESIDE}{_IN_WORDS}")
_LETTERS_OF_OLDER = frozenset(f"{_PORTUGUESE}{_PORTUGUESE.upper()}ªº°\xa0")
_MARK_IN_WORD = re.compile(rf"[^\W\d_][{re.escape(_MARKS_BESIDE)}][^\W\d_ªº]")
_BLANK_IN_WORD = re.compile("[a-z]\xa0[a-z]")  # or the DOS encodings' letter á
# A letter of another case than those around it, or beside a digit.
_ODD_LETTER = re.compile(
    rf"[a-z][{_PORTUGUESE.upper()}]|[{_PORTUGUESE}][A-Z]|[0-9][{_PORTUGUESE}{_PORTUGUESE.upper()}]|"
    rf"[{_PORTUGUESE}{_PORTUGUESE.upper()}][0-9]"
)


def marked_encoding(beginning: bytes) -> tuple[bytes, str] | None:
    """The byte order mark that a file begins with, and its encoding; None without one."""
    return next(((mark, name) for mark, name in MARKS if beginning.startswith(mark)), None)


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """The bytes of a text file as UTF-8, and their original encoding.

    Windows-1252, which Excel in Brazil uses for CSV, is detected when nothing in the file is valid non-ASCII UTF-8,
    every non-ASCII character is a letter or mark of such texts and no mark stands within a word (`S¢lido`). Otherwise
    an older encoding is, if in it all are Portuguese letters and every other such encoding says the same or is none.
    Any other content is returned unchanged as UTF-8: its lines are judged one by one. (packing.py detects UTF-16 and
    UTF-32 by their byte order marks.)
    """
    if content.isascii() or _is_utf8_somewhere(content):
        return content, UTF_8
    text = _decoded(content, WINDOWS)
    if text is not None and _signs(text) <= _LETTERS and not _MARK_IN_WORD.search(text):
        is_doubtful = bool(_BLANK_IN_WORD.search(text)) and _signs(text).isdisjoint(_LATIN + _LATIN.upper())
        is_doubtful = is_doubtful and bool(_older(content))
        return (content, UTF_8) if is_doubtful else (text.encode(UTF_8), WINDOWS)
    older = _older(content)
    if len({*older.values()}) == 1:
        name, text = next(iter(older.items()))
        return text.encode(UTF_8), name
    return content, UTF_8


def _older(content: bytes) -> dict[str, str]:
    """The texts that the older encodings read, by encoding: those whose non-ASCII characters are all Portuguese."""
    texts = {name: content.decode(name) for name in OLDER}  # these read any bytes
    return {name: text for name, text in texts.items() if _is_portuguese(text)}


def _is_portuguese(text: str) -> bool:
    return _signs(text) <= _LETTERS_OF_OLDER and not _ODD_LETTER.search(text)


def _signs(text: str) -> set[str]:
    return {letter for letter in text if not letter.isascii()}


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_utf8_somewhere(content: bytes) -> bool:
    return not content.decode(UTF_8, errors="ignore").isascii()
