"""Detect the encoding of one text file from its bytes alone; nothing is assumed that the bytes do not show."""

from __future__ import annotations

UTF_8, WINDOWS = "utf-8", "cp1252"
# The non-ASCII characters of Portuguese and Spanish text; any other byte is no sign of Windows-1252.
_LATIN = "áàâãäçéèêëíìîïñóòôõöúùûü"
_MARKS_BESIDE = "ªº°§¿¡«»\u2013\u2014\u2018\u2019\u201c\u201d…•€£·²³½¼¾¹¢®©\u2122±\xd7÷Øø\xb4¨\xa0"
_LETTERS = frozenset(f"{_LATIN}{_LATIN.upper()}{_MARKS_BESIDE}")


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """The bytes of a text file as UTF-8, and their original encoding.

    Windows-1252, which Excel in Brazil uses for CSV, is detected when nothing in the file is valid non-ASCII UTF-8 and
    every non-ASCII character is a letter or mark of such texts. Any other content is returned unchanged as UTF-8: its
    lines are judged one by one. (packing.py detects UTF-16 and UTF-32 by their byte order marks.)
    """
    if content.isascii() or _is_utf8_somewhere(content):
        return content, UTF_8
    try:
        text = content.decode(WINDOWS)
    except UnicodeDecodeError:
        return content, UTF_8
    sure = {letter for letter in text if not letter.isascii()} <= _LETTERS
    return (text.encode(UTF_8), WINDOWS) if sure else (content, UTF_8)


def _is_utf8_somewhere(content: bytes) -> bool:
    return not content.decode(UTF_8, errors="ignore").isascii()
