"""Which encoding the text of one file is in, told by its content; nothing is guessed that its bytes do not show."""

from __future__ import annotations

import codecs

UTF_8 = "utf-8"
_MARKS = (  # the longer marks first: that of UTF-32 begins as that of UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Portuguese, Spanish and their typewriters need beyond ASCII; any other byte is no sign of Windows-1252.
_LATIN = "áàâãäçéèêëíìîïñóòôõöúùûü"
_MARKS_BESIDE = "ªº°§¿¡«»\u2013\u2014\u2018\u2019\u201c\u201d…•€£·²³½¼\xb4¨\xa0"
_WINDOWS = frozenset(f"{_LATIN}{_LATIN.upper()}{_MARKS_BESIDE}")


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """The bytes of a text file as UTF-8, and the encoding that they were in.

    UTF-16 and UTF-32 are known by their mark. Windows-1252, as Excel saves a CSV in Brazil, is known by this: nothing
    in the file is UTF-8 beyond ASCII, and all else is a letter or a mark that such texts have. Whatever is neither
    comes back as it is, called UTF-8: its lines are judged one by one.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(content, name)
    if content.isascii() or _is_utf8_somewhere(content):
        return content, UTF_8
    text, name = _decoded(content, "cp1252")
    beyond = {letter for letter in text.decode(UTF_8) if not letter.isascii()} if name != UTF_8 else set()
    return (text, name) if beyond and beyond <= _WINDOWS else (content, UTF_8)


def _is_utf8_somewhere(content: bytes) -> bool:
    return not content.decode(UTF_8, errors="ignore").isascii()


def _decoded(content: bytes, name: str) -> tuple[bytes, str]:
    try:
        return content.decode(name).encode(UTF_8), name
    except UnicodeError:
        return content, UTF_8
