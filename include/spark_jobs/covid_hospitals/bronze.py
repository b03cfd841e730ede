"""Bronze of covid_hospitals: the rows of every delivered file as they arrived, packed or not, or why it has none."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator

from covid_hospitals.tables import SOURCES, table_of
from medallion.arrivals import OTHER_FILES, Row, rows_in, whole_file

TABLES = (*(table.name for table in SOURCES), OTHER_FILES)
_GZIP, _ANY_GZIP = b"\x1f\x8b", 31


def rows_of(source_file: str, content: bytes) -> Iterator[Row]:
    """The judged rows of one file."""
    name = source_file.rsplit("/", 1)[-1]
    try:
        text = unpacked(content)
    except zlib.error as error:
        named = table_of(name, b"")
        told = f"{len(content)} bytes: {error}"
        yield whole_file(named.name if named else OTHER_FILES, source_file, "bad_gzip", told)
        return
    table = table_of(name, text)
    if table is None:
        told = f"{len(content)} bytes under a header (and a name) of no known table"
        yield whole_file(OTHER_FILES, source_file, "unknown_file", told)
    elif not text.removeprefix(codecs.BOM_UTF8).strip():
        yield whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes, not even a header")
    else:
        yield from rows_in(table, source_file, text)


def unpacked(content: bytes) -> bytes:
    """The text of a file, whose own first bytes tell whether it is packed. Raises zlib.error for a broken one."""
    text = b""
    while content.startswith(_GZIP):  # one member after the other, as `cat a.gz b.gz` leaves them
        member = zlib.decompressobj(wbits=_ANY_GZIP)
        text += member.decompress(content)
        if not member.eof:
            raise zlib.error("the packed file ends before its end")
        content = member.unused_data
    return text or content
