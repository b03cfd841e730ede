"""Which encoding the text of one file is in, told by its content; nothing is guessed that its bytes do not show."""

from __future__ import annotations

UTF_8, WINDOWS = "utf-8", "cp1252"
# What Portuguese, Spanish and their typewriters need beyond ASCII; any other byte is no sign of Windows-1252.
_LATIN = "áàâãäçéèêëíìîïñóòôõöúùûü"
_MARKS_BESIDE = "ªº°§¿¡«»\u2013\u2014\u2018\u2019\u201c\u201d…•€£·²³½¼¾¹¢®©\u2122±\xd7÷Øø\xb4¨\xa0"
_LETTERS = frozenset(f"{_LATIN}{_LATIN.upper()}{_MARKS_BESIDE}")


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """The bytes of a text file as UTF-8, and the encoding that they were in.

    Windows-1252, as Excel saves a CSV in Brazil, is known by this: nothing in the file is UTF-8 beyond ASCII, and all
    else is a letter or a mark that such texts have. Whatever is neither comes back as it is, called UTF-8: its lines
    are judged one by one. (UTF-16 and UTF-32 have a mark, by which packing.py knows them.)
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
