"""Judge bytes in Flink's workers: which of them are lines of text, and the words of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medallion.packing import BOUNDS
from wordcount.jobs.text_encoding import has_controls
from wordcount.jobs.tokens import words

ACCEPTED, UNDECODABLE, WORD = "accepted", "undecodable", "word"
NOT_TEXT, LONG_LINE = "not_text", "long_line"  # verdicts on a line because of which no line of its file counts


def said(stretch: bytes, encoding: str) -> Iterator[tuple[str, str | None]]:
    """For the bytes between two line feeds: a verdict for each line, and each word of the text lines. A byte order mark
    is no letter, so it need not be removed here."""
    if has_controls(stretch, encoding):
        yield NOT_TEXT, None
    for line in _lines(stretch):
        if len(line) > BOUNDS.longest_line:
            yield LONG_LINE, None
        if (text := text_of(line, encoding)) is None:
            yield UNDECODABLE, None
        else:
            yield ACCEPTED, None
            yield from ((WORD, word) for word in words(text))


def text_of(line: bytes, encoding: str) -> str | None:
    """The text of a line; None if its bytes cannot be decoded."""
    try:
        return line.decode(encoding)
    except UnicodeError:
        return None


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a whole file, split as Flink's reader and `said` do together: at LF, CRLF and CR, as Spark does."""
    rest = b""
    for chunk in chunks:
        *stretches, rest = (rest + chunk).split(b"\n")
        for stretch in stretches:
            yield from _lines(stretch.removesuffix(b"\r"))
    if rest:
        yield from _lines(rest.removesuffix(b"\r"))


def _lines(stretch: bytes) -> list[bytes]:
    return stretch.split(b"\r")
