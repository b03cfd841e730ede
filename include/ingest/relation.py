"""Write a PostgreSQL table as one gzipped CSV file, in the table's own columns."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import IO, Any

import psycopg2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from ingest import tls
from ingest.api import Backoff, Patience
from ingest.errors import Refused, Unavailable
from nightshift_contract.secret import Address

ROWS_AT_ONCE = 10_000
CURSOR = "ingest"  # a named cursor keeps the rows on the server until they are fetched
CONNECT_SECONDS = 10
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")


class Relation:
    """One table at one address."""

    def __init__(self, address: Address, table: str, patience: Patience) -> None:
        if not _NAME.fullmatch(table):
            raise Refused(f"{table!r} is not a table's name: expected table or schema.table")
        self.table, self._address = table, address
        self._retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(patience.tries),
            wait=Backoff(patience),
            reraise=True,
        )

    def write(self, file: IO[bytes]) -> int:
        """Write the whole table, gzipped, into an empty file; returns the number of rows. One statement reads it, so it
        is consistent; a failed read starts again from the first row. Raises Unavailable, Refused."""
        rows: int = self._retrying(self._write, file)
        return rows

    def _write(self, file: IO[bytes]) -> int:
        file.seek(0)
        file.truncate()
        try:
            with closing(self._connected()) as connection, closing(connection.cursor(CURSOR)) as cursor:
                cursor.execute(f"SELECT * FROM {self._quoted()}")  # noqa: S608 - a name of letters, checked and quoted
                return _packed(cursor, file)
        except psycopg2.OperationalError as lost:
            attempt = f"reading {self.table} at {self._address.host} was interrupted: {_line(lost)}"
            raise Unavailable(f"{attempt}; check whether the database is up") from lost
        except psycopg2.Error as refused:
            attempt = f"{self._address.host} refused to read {self.table}: {_line(refused)}"
            raise Refused(f"{attempt}; check its name and the user's rights") from refused

    def _connected(self) -> Any:
        with tls.connect_args(self._address) as secured:
            return psycopg2.connect(
                host=self._address.host,
                port=self._address.port,
                dbname=self._address.dbname,
                user=self._address.username,
                password=self._address.password,
                connect_timeout=CONNECT_SECONDS,
                **secured,
            )

    def _quoted(self) -> str:
        return ".".join(f'"{part}"' for part in self.table.split("."))


def _packed(cursor: Any, file: IO[bytes]) -> int:
    """Write the rows of a cursor as gzipped CSV, with a header of its columns."""
    count = 0
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
        lines = csv.writer(text, lineterminator="\n")
        for rows in _batches(cursor):
            if not count:
                lines.writerow([column[0] for column in cursor.description])
            lines.writerows([_cell(value) for value in row] for row in rows)
            count += len(rows)
        text.flush()
        text.detach()
    return count


def _batches(cursor: Any) -> Iterator[Sequence[Any]]:
    """The rows in batches; an empty table gives one empty batch, so that a header is written."""
    rows = cursor.fetchmany(ROWS_AT_ONCE)
    yield rows
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
