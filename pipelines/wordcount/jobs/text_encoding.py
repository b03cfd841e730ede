"""Split a text file's bytes into lines: in place where the encoding allows it, else from the whole file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from medallion import packing
from medallion.errors import UnknownEncodingError
from medallion.packing import Bounds, FileRefused
from nightshift_contract.charset import marked_encoding

NO_TEXT = "bytes that cannot be decoded in the encoding of this run"
_BOMS = {  # name without byte order -> (mark, name with it); the longest marks come first
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
}
# Characters that no text has, for Python and Java alike: NUL and the controls that no terminal or old editor writes.
CONTROLS = r"[\x00-\x06\x0e-\x19]"
WHY_CONTROLS = (
    "bytes that no text has, such as NUL: a binary file, or UTF-16 without a byte order mark (then name the encoding)"
)
# File name endings by which the readers of Spark and Flink would decompress a file, whatever its content.
_CODECS = (".gz", ".gzip", ".bz2", ".deflate", ".lz4", ".snappy", ".xz", ".zst", ".zstd", ".lzo")
_CONTROL, _CONTROL_BYTE = re.compile(CONTROLS), re.compile(CONTROLS.encode())
_UTF8 = "utf-8"
_WIDE = ("utf-16", "utf-32")
_UTF16 = ("utf-16", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's canonical name; `line_bytes`: whether a line break is the byte 0A or 0D in it."""

    name: str
    line_bytes: bool


def encoding_named(name: str) -> Encoding:
    """The encoding that the user requested; raises UnknownEncodingError."""
    try:
        info = codecs.lookup(name)
        sample = "\n\rA".encode(info.name)
    except (LookupError, ValueError, TypeError) as error:
        raise UnknownEncodingError(
            f"reading text as {name!r}: there is no such text encoding ({error}); name one such as utf-8 or latin-1"
        ) from error
    canonical = "utf-8" if info.name == "utf-8-sig" else info.name
    return Encoding(canonical, sample.removeprefix(codecs.BOM_UTF8) == b"\n\rA")


def lies_open(name: str, beginning: bytes, encoding: Encoding) -> bool:
    """Whether an engine may read a file's lines in place: the bytes are not packed, not marked as another encoding than
    the run's, not known to be no text; and no reader would decompress it because of its name."""
    if not encoding.line_bytes or name.lower().endswith(_CODECS) or beginning.startswith(packing.GZIP):
        return False
    marked = marked_encoding(beginning)
    if marked and marked[1] != encoding.name:
        return False
    try:
        packing.refuse_other_kinds(beginning)
    except FileRefused:
        return False
    return True


def lines_in(content: bytes, encoding: Encoding, bounds: Bounds) -> tuple[list[bytes], str]:
    """The lines of a whole file, and their encoding, given by its byte order mark or the run. Raises FileRefused."""
    text = packing.out_of_gzip(content, bounds)
    mark, name = marked_encoding(text) or (b"", _unmarked(text, encoding.name))
    text, detected, ordered = text[len(mark) :], encoding_named(name), byte_order(b"", name)
    if has_controls(text, ordered):
        raise FileRefused("not_text", WHY_CONTROLS)
    lines = text.splitlines() if detected.line_bytes else list(split_lines(text, ordered))
    if any(len(line) > bounds.longest_line for line in lines):
        raise packing.long_line(bounds)
    return lines, ordered


def _unmarked(text: bytes, requested: str) -> str:
    """The encoding of a text without a byte order mark: the run's, unless that is UTF-16 or UTF-32 and the bytes show
    another. Text in these has NULs, at least in its line ends; without any it is UTF-8, or else refused. The byte order
    is the one that gives more line ends and blanks. Raises FileRefused."""
    if not requested.startswith(_WIDE):
        return requested
    if b"\0" in text:
        return max((requested, *_UTF16), key=lambda order: _blanks(text, order)) if requested in _UTF16 else requested
    if _is_utf8(text):
        return _UTF8
    raise FileRefused("not_text", f"no {requested.upper()}, which has NULs in its line ends, and no UTF-8 either")


def _blanks(text: bytes, encoding: str) -> int:
    beginning = text[: packing.MIB].decode(encoding, errors="ignore")
    return sum(map(beginning.count, " \r\n"))


def has_controls(text: bytes, encoding: str) -> bool:
    """Whether a text, or its decodable part, has control characters that no text has."""
    if encoding == _UTF8:  # where these are single bytes
        return _CONTROL_BYTE.search(text) is not None
    try:
        decoder = codecs.getincrementaldecoder(encoding)(errors="ignore")
        pieces = (decoder.decode(text[at : at + packing.MIB]) for at in range(0, len(text), packing.MIB))
        return any(_CONTROL.search(piece) for piece in pieces)
    except (LookupError, UnicodeError):  # a codec that decodes only whole input, or cannot ignore errors
        return _CONTROL_BYTE.search(text) is not None


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode(_UTF8)
    except UnicodeDecodeError:
        return False
    return True


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
        # A line that is cut within a code unit has no carriage return, whatever its last bytes look like.
        yield line if len(line) % len(feed) else line.removesuffix(carriage)
        start = end + len(feed)


def byte_order(content: bytes, encoding: str) -> str:
    """The encoding with a fixed byte order: by the file's mark, else little-endian as Windows writes it."""
    return _without_mark(content[:4], encoding)[1]


def _without_mark(content: bytes, encoding: str) -> tuple[bytes, str]:
    marks = _BOMS.get(encoding, ())
    for mark, ordered in marks:
        if content.startswith(mark):
            return content[len(mark) :], ordered
    return content, marks[0][1] if marks else encoding


def _next_break(content: bytes, feed: bytes, start: int) -> int:
    """The position of the next line feed; one that straddles two code units does not count."""
    end = content.find(feed, start)
    while end != -1 and (end - start) % len(feed):
        end = content.find(feed, end + 1)
    return len(content) if end == -1 else end
