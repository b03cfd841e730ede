"""A database that the user names by a URL: what the URL says, a connection to it, and the secret that opens it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tools import tls
from tools.errors import InputRefused
from tools.postgres import Postgres
from tools.tls import NO_TLS, Tls

ENGINES = {"postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mariadb"}
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
SHAPE = "postgresql://user:password@host:port/database, or mysql:// or mariadb:// likewise"
SECONDS = 10
# What PostgreSQL's and MySQL's servers and clients say of a user or a password; psycopg2 gives no code for it.
DENIED = re.compile(r"authentication failed|no password supplied|Access denied for user|role .* does not exist")
LOGIN = "correct the user or the password (--password-file, NIGHTSHIFT_SOURCE_PASSWORD, or typed)"
USER, DATABASE = "coop", "cards"  # of a temporary one


@dataclass(frozen=True)
class DatabaseUrl:
    """The address and user of a database. Its text names no password."""

    engine: str
    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)
    tls: Tls = NO_TLS
    identity: str = ""  # by which its owner knows it wherever it is; empty: by its address

    def __str__(self) -> str:
        return f"{self.engine}://{self.username}@{self.host}:{self.port}/{self.dbname}"

    @property
    def secret(self) -> str:
        """The same in the form in which Amazon RDS keeps it in Secrets Manager."""
        names = ("engine", "host", "port", "dbname", "username", "password")
        more = {"properties": self.tls.properties(self.engine), "identity": self.identity}
        return json.dumps(
            {name: getattr(self, name) for name in names} | {n: value for n, value in more.items() if value}
        )

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A DB-API connection; what the block did is committed at its end. Raises InputRefused when there is none, and
        when the database refuses a statement of the block."""
        # Imported here: the other commands need neither.
        import psycopg2  # noqa: PLC0415
        import pymysql  # noqa: PLC0415

        connection = self._connect()
        try:
            yield connection
            connection.commit()
        except (psycopg2.Error, pymysql.Error) as refused:
            said = " ".join(str(refused).split())
            raise InputRefused(f"{self} refused a statement ({said}): check the user's rights and the names.") from None
        finally:
            connection.close()

    def _connect(self) -> Any:
        import psycopg2  # noqa: PLC0415
        import pymysql  # noqa: PLC0415

        who: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.username, "password": self.password}
        try:
            if self.engine == "postgres":
                with self.tls.psycopg2() as secured:
                    return psycopg2.connect(**who, **secured, dbname=self.dbname, connect_timeout=SECONDS)
            named: dict[str, Any] = {"database": self.dbname, "charset": "utf8mb4", "connect_timeout": SECONDS}
            return pymysql.connect(**who, **self.tls.pymysql(), **named)
        except (psycopg2.Error, pymysql.Error, OSError) as refused:
            said = " ".join(str(refused).split())
            todo = LOGIN if DENIED.search(said) else "correct the address or start the server"
            raise InputRefused(f"{self} cannot be opened ({said}): {todo}.") from None


def parsed(text: str) -> DatabaseUrl:
    """What a URL says. Raises InputRefused, which does not repeat it: there is a password in it."""
    try:
        url = urlsplit(text)
        engine, port = ENGINES[url.scheme], url.port
    except (KeyError, ValueError):
        raise InputRefused(f"The database's address is not supported: write {SHAPE}.") from None
    dbname = url.path.strip("/")
    if not (url.hostname and url.username and dbname):
        raise InputRefused(f"The database's address lacks a host, a user or a database: write {SHAPE}.")
    if url.fragment:  # all behind it would be dropped, options too
        raise InputRefused(f"The database's address has a #, which is written %23: write {SHAPE}.")
    who = (unquote(url.username), unquote(url.password or ""))
    secured = tls.parsed(url.query, url.hostname)
    return DatabaseUrl(engine, url.hostname, port or PORTS[engine], unquote(dbname), *who, secured)


@contextmanager
def temporary() -> Iterator[DatabaseUrl]:
    """An empty database in a PostgreSQL that lives as long as the block. Raises StackError, ToolMissing."""
    with Postgres(USER, DATABASE) as server:
        yield parsed(f"postgresql://{USER}:{server.password}@127.0.0.1:{server.port}/{DATABASE}")
