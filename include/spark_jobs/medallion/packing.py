"""What a delivered file really is, by its bytes and never by its name: its text, or why it has none that can be read.

Pure Python, for one file at a time. A file whose text is packed, or in UTF-16 or UTF-32 with a mark, is unpacked into
UTF-8; how much that may be is bounded, so that no file takes the memory that the others need.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass

MIB = 1024 * 1024
LOOK = 512  # bytes from which a kind is told
_CHUNK = MIB
_ALWAYS = 16 * MIB  # what any packed file may unpack to: the ratio of a small one says nothing

GZIP = b"\x1f\x8b"
# (how a file begins, the reason by which it is refused, what it is); none of them is text, whatever it is called.
_KINDS = (
    (b"PK\x03\x04", "zip_file", "a ZIP archive"),
    (b"PK\x05\x06", "zip_file", "an empty ZIP archive"),
    (b"BZh", "bzip2_file", "packed by bzip2"),
    (b"\xfd7zXZ\x00", "xz_file", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "zstd_file", "packed by Zstandard"),
    (b"\x04\x22\x4d\x18", "lz4_file", "packed by LZ4"),
    (b"7z\xbc\xaf\x27\x1c", "7z_file", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "rar_file", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office_file", "an Office file of before 2007 (xls, doc)"),
    (b"%PDF-", "not_text", "a PDF document"),
    (b"PAR1", "not_text", "a Parquet file"),
    (b"\x89PNG\r\n\x1a\n", "not_text", "a PNG picture"),
    (b"\xff\xd8\xff", "not_text", "a JPEG picture"),
    (b"SQLite format 3\x00", "not_text", "an SQLite database"),
    (b"\x7fELF", "not_text", "a program"),
)
_TAR_AT = 257  # where a tar's first header says what it is
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # what follows BZh and a digit: text may begin with BZh
# The longest marks come first: UTF-32's begins as UTF-16's does.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Bounds:
    """The most that one file may be: bytes of its text, bytes of text a packed byte (of a text beyond 16 MiB), bytes of
    a line of it."""

    most_bytes: int = 512 * MIB
    most_ratio: int = 100
    longest_line: int = 16 * MIB


BOUNDS = Bounds()


class FileRefused(Exception):
    """A file is not read at all: the reason by which the quarantine has it, and what is to be told of it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def unpacked(content: bytes, bounds: Bounds = BOUNDS) -> bytes:
    """The text of a file: out of its gzip, and in UTF-8 where its mark says that it is in UTF-16 or UTF-32; else as it
    is. Raises FileRefused."""
    text = _recoded(out_of_gzip(content, bounds))
    check_lines(text, bounds)
    return text


def out_of_gzip(content: bytes, bounds: Bounds = BOUNDS) -> bytes:
    """The bytes of a file, out of their gzip if it is one. Raises FileRefused."""
    if too_large := over(len(content), bounds):
        raise too_large
    if not content.startswith(GZIP):
        refuse_other_kinds(content)
        return content
    text = _gunzipped(content, bounds)
    if text.startswith(GZIP):
        raise FileRefused("packed_twice", f"{len(content)} bytes of gzip in which there is gzip again; unpack it once")
    refuse_other_kinds(text)
    return text


def over(length: int, bounds: Bounds = BOUNDS) -> FileRefused | None:
    """Why a file of so many bytes is not read; None if it is."""
    if length <= bounds.most_bytes:
        return None
    told = f"{length} bytes, more than the {bounds.most_bytes} that a file may have; send it in parts"
    return FileRefused("too_large", told)


def refuse_other_kinds(beginning: bytes) -> None:
    """Raise FileRefused if a file that begins so is known to be no text."""
    if beginning[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise FileRefused("tar_file", "a tar archive; send its files one by one, as plain text or gzip")
    for magic, reason, what in _KINDS:
        if beginning.startswith(magic) and (magic != b"BZh" or beginning[4:10] in _BZIP2_BLOCKS):
            office = reason == "zip_file" and b"[Content_Types].xml" in beginning
            told = "an Office file (xlsx, docx)" if office else what
            raise FileRefused("office_file" if office else reason, f"{told}; send it as plain text or gzip")


def marked_encoding(beginning: bytes) -> tuple[bytes, str] | None:
    """The mark with which a text begins, and the encoding that it tells; None without one."""
    return next(((mark, name) for mark, name in MARKS if beginning.startswith(mark)), None)


def check_lines(text: bytes, bounds: Bounds = BOUNDS) -> None:
    """Raise FileRefused if a line is longer than any may be. It looks for one line end in every such stretch."""
    start = 0
    while len(text) - start > bounds.longest_line:
        end = start + bounds.longest_line + 1
        last = max(text.rfind(b"\n", start, end), text.rfind(b"\r", start, end))
        if last < start:
            raise long_line(bounds, text.count(b"\n", 0, start) + 1)
        start = last + 1


def long_line(bounds: Bounds, number: int | None = None) -> FileRefused:
    """Why a file with a line that is too long is not read."""
    which = "a line" if number is None else f"line {number}"
    return FileRefused("long_line", f"{which} is longer than {bounds.longest_line} bytes, which no line may be")


def _gunzipped(content: bytes, bounds: Bounds) -> bytes:
    most = min(bounds.most_bytes, max(_ALWAYS, bounds.most_ratio * len(content)))
    text = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as members:  # one after the other, as `cat a.gz b.gz` has them
            while chunk := members.read(_CHUNK):
                if text.tell() + len(chunk) > most:
                    told = f"{len(content)} bytes of gzip that unpack to more than {most}, the most that they may"
                    raise FileRefused("too_large", told)
                text.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused("bad_gzip", f"{len(content)} bytes of gzip: {error}") from error
    return text.getvalue()


def _recoded(text: bytes) -> bytes:
    """A text in UTF-8 whose mark says that it is in UTF-16 or UTF-32."""
    marked = marked_encoding(text)
    if marked is None or marked[1] == "utf-8":
        return text
    mark, encoding = marked
    try:
        return text[len(mark) :].decode(encoding).encode("utf-8")
    except UnicodeError as error:
        raise FileRefused("not_text", f"marked as {encoding}, which it is not: {error}") from error
