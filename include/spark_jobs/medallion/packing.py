"""Detect what a delivered file is by its bytes, never by its name: return its text, or why it cannot be read.

Pure Python, one file at a time. Gzip, and UTF-16 or UTF-32 with a byte order mark, are converted to plain UTF-8; the
unpacked size is bounded, so that no file exhausts the memory that others need.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass

from nightshift_contract.charset import marked_encoding

MIB = 1024 * 1024
LOOK = 512  # leading bytes that the detection looks at
_CHUNK = MIB
_ALWAYS = 16 * MIB  # what any packed file may unpack to: the ratio of a small file is meaningless

GZIP = b"\x1f\x8b"
# (leading bytes, reason of the refusal, name of the kind); none of these is text, whatever its file name.
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
    (b"{\\rtf", "not_text", "a rich text document (RTF)"),
    (b"%!PS-Adobe-", "not_text", "a PostScript document"),
    (b"PAR1", "not_text", "a Parquet file"),
    (b"\x89PNG\r\n\x1a\n", "not_text", "a PNG picture"),
    (b"\xff\xd8\xff", "not_text", "a JPEG picture"),
    (b"SQLite format 3\x00", "not_text", "an SQLite database"),
    (b"\x7fELF", "not_text", "a program"),
)
_TAR_AT = 257  # offset of the magic number in a tar's first header
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # what follows BZh and a digit: text may begin with BZh


@dataclass(frozen=True)
class Bounds:
    """Limits of one file: bytes of its text, unpacked bytes for each packed byte (of a text beyond 16 MiB), bytes of a
    line."""

    most_bytes: int = 512 * MIB
    most_ratio: int = 100
    longest_line: int = 16 * MIB


BOUNDS = Bounds()


class FileRefused(Exception):
    """A whole file is refused: the quarantine reason and its detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def unpacked(content: bytes, bounds: Bounds = BOUNDS) -> bytes:
    """The text of a file: gunzipped, and in UTF-8 where a byte order mark says UTF-16 or UTF-32; otherwise unchanged.
    Raises FileRefused."""
    text = _recoded(out_of_gzip(content, bounds))
    check_lines(text, bounds)
    return text


def out_of_gzip(content: bytes, bounds: Bounds = BOUNDS) -> bytes:
    """The bytes of a file, gunzipped if it is gzip. Raises FileRefused."""
    if too_large := over(len(content), bounds):
        raise too_large
    if not content.startswith(GZIP):
        refuse_other_kinds(content)
        return content
    text = _gunzipped(content, bounds)
    if text.startswith(GZIP):
        raise FileRefused("packed_twice", f"{len(content)} bytes of gzip that contain gzip again; unpack it once")
    refuse_other_kinds(text)
    return text


def over(length: int, bounds: Bounds = BOUNDS) -> FileRefused | None:
    """Why a file of this many bytes is not read; None if it is."""
    if length <= bounds.most_bytes:
        return None
    detail = f"{length} bytes, more than the {bounds.most_bytes} that a file may have; send it in parts"
    return FileRefused("too_large", detail)


def refuse_other_kinds(beginning: bytes) -> None:
    """Raise FileRefused if a file's first bytes show a known kind that is not text."""
    if beginning[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise FileRefused("tar_file", "a tar archive; send its files one by one, as plain text or gzip")
    for magic, reason, what in _KINDS:
        if beginning.startswith(magic) and (magic != b"BZh" or beginning[4:10] in _BZIP2_BLOCKS):
            office = reason == "zip_file" and b"[Content_Types].xml" in beginning
            kind = "an Office file (xlsx, docx)" if office else what
            raise FileRefused("office_file" if office else reason, f"{kind}; send it as plain text or gzip")


def check_lines(text: bytes, bounds: Bounds = BOUNDS) -> None:
    """Raise FileRefused if a line is longer than allowed. Checks that every stretch of that length has a line end."""
    start = 0
    while len(text) - start > bounds.longest_line:
        end = start + bounds.longest_line + 1
        last = max(text.rfind(b"\n", start, end), text.rfind(b"\r", start, end))
        if last < start:
            raise long_line(bounds, text.count(b"\n", 0, start) + 1)
        start = last + 1


def long_line(bounds: Bounds, number: int | None = None) -> FileRefused:
    """The refusal of a file with an overlong line."""
    which = "a line" if number is None else f"line {number}"
    return FileRefused("long_line", f"{which} is longer than {bounds.longest_line} bytes, which no line may be")


def _gunzipped(content: bytes, bounds: Bounds) -> bytes:
    most = min(bounds.most_bytes, max(_ALWAYS, bounds.most_ratio * len(content)))
    text = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as members:  # may be several in a row: `cat a.gz b.gz`
            while chunk := members.read(_CHUNK):
                if text.tell() + len(chunk) > most:
                    detail = f"{len(content)} bytes of gzip that unpack to more than {most}, the most that they may"
                    raise FileRefused("too_large", detail)
                text.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused("bad_gzip", f"{len(content)} bytes of gzip: {error}") from error
    return text.getvalue()


def _recoded(text: bytes) -> bytes:
    """A text with a UTF-16 or UTF-32 byte order mark, in UTF-8."""
    marked = marked_encoding(text)
    if marked is None or marked[1] == "utf-8":
        return text
    mark, encoding = marked
    try:
        return text[len(mark) :].decode(encoding).encode("utf-8")
    except UnicodeError as error:
        raise FileRefused("not_text", f"marked as {encoding}, but not decodable as that: {error}") from error
