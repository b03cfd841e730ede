"""Bronze of covid_hospitals: the rows of every delivered file, gzipped or not, as they arrived, or why it was
refused."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from covid_hospitals.jobs.tables import SOURCES, table_of
from medallion.arrivals import Block, Row, rows_in, whole_file
from medallion.leftovers import refuse_leftover
from medallion.manifest import OTHER_FILES
from medallion.packing import BOUNDS, Bounds, FileRefused, unpacked
from nightshift_contract.charset import as_utf8

TABLES = (*(table.name for table in SOURCES), OTHER_FILES)


def rows_of(source_file: str, content: bytes, bounds: Bounds = BOUNDS) -> Iterator[Row | Block]:
    """The judged rows of one file."""
    name = source_file.rsplit("/", 1)[-1]
    try:
        refuse_leftover(name, SOURCES)
        text = unpacked(content, bounds)
    except FileRefused as why:
        yield refused(source_file, why)
        return
    table = table_of(name, as_utf8(text)[0])
    if table is None:
        detail = f"{len(content)} bytes whose header and name match no table of the contract"
        yield whole_file(OTHER_FILES, source_file, "unknown_file", detail)
    elif not text.removeprefix(codecs.BOM_UTF8).strip():
        yield whole_file(table.name, source_file, "empty_file", f"{len(content)} bytes without a header")
    else:
        yield from rows_in(table, source_file, text)


def refused(source_file: str, why: FileRefused) -> Row:
    """A row for a file that cannot be read, under the table that its name suggests."""
    named = table_of(source_file.rsplit("/", 1)[-1], b"")
    return whole_file(named.name if named else OTHER_FILES, source_file, why.reason, why.detail)
