"""How the bytes of a text file become lines: which way of reading fits an encoding, and whole-file splitting."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from medallion.errors import UnknownEncodingError

NO_TEXT = "bytes that are no text in the encoding of this run"
_BOMS = {  # the name without byte order -> (mark, the name with it); the longest marks come first
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
}


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's canonical name; `line_bytes` tells that a line break is the byte 0A or 0D in it."""

    name: str
    line_bytes: bool


def encoding_named(name: str) -> Encoding:
    """The encoding a user asked for; raises UnknownEncodingError."""
    try:
        info = codecs.lookup(name)
        sample = "\n\rA".encode(info.name)
    except (LookupError, ValueError, TypeError) as error:
        raise UnknownEncodingError(
            f"reading text as {name!r}: there is no such text encoding ({error}); name one such as utf-8 or latin-1"
        ) from error
    canonical = "utf-8" if info.name == "utf-8-sig" else info.name
    return Encoding(canonical, sample.removeprefix(codecs.BOM_UTF8) == b"\n\rA")


def split_lines(content: bytes, encoding: str) -> Iterator[bytes]:
    """The lines of a whole file as bytes, without line ends and byte order mark, in `encoding`'s own code units.

    For encodings in which a line break is not a byte of its own (UTF-16, UTF-32, EBCDIC).
    """
    content, encoding = _without_mark(content, encoding)
    feed, carriage = "\n".encode(encoding), "\r".encode(encoding)
    start = 0
    while start < len(content):
        end = _next_break(content, feed, start)
        line = content[start:end]
        # A line that is broken off within a code unit has no carriage return, whatever its last bytes look like.
        yield line if len(line) % len(feed) else line.removesuffix(carriage)
        start = end + len(feed)


def byte_order(content: bytes, encoding: str) -> str:
    """The encoding with its byte order settled: by the file's mark, else little-endian as Windows writes it."""
    return _without_mark(content[:4], encoding)[1]


def _without_mark(content: bytes, encoding: str) -> tuple[bytes, str]:
    marks = _BOMS.get(encoding, ())
    for mark, ordered in marks:
        if content.startswith(mark):
            return content[len(mark) :], ordered
    return content, marks[0][1] if marks else encoding


def _next_break(content: bytes, feed: bytes, start: int) -> int:
    """Where the next line feed begins; one that straddles two code units is no line feed."""
    end = content.find(feed, start)
    while end != -1 and (end - start) % len(feed):
        end = content.find(feed, end + 1)
    return len(content) if end == -1 else end
