"""Database schema hook: reads the source tables' columns from the information schema before a cluster exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from nightshift.contracts import drift
from nightshift.contracts.drift import Drift, Relation
from nightshift.failures.errors import SourceRefused, SourceUnseen
from nightshift.inputs import tls
from nightshift.run.run_context import RunContext
from nightshift_contract import secret
from nightshift_contract.secret import Address

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SECONDS = 10
ENGINES = {  # by the engine's family: SQLAlchemy's driver, the SQL for the default schema
    secret.POSTGRES: ("postgresql+psycopg2", "current_schema()"),
    secret.MYSQL: ("mysql+pymysql", "database()"),
}
# A server's answer to a wrong user, password or database. libpq gives no SQLSTATE of a failed login (28P01, 3D000), so
# its words count, in English, Portuguese and Spanish (PostgreSQL's src/backend/po); MySQL's are numbers (error
# reference: 1044 and 1045 access denied, 1049 unknown database). Its 1045 is also said to an account that may log in
# from other addresses only.
REFUSED = re.compile(
    r"FATAL: +(?:password authentication failed|autenticação do tipo senha falhou|la autentificación password falló"
    r"|database \".*\" does not exist|banco de dados \".*\" não existe|no existe la base de datos)"
    r"|^\((?:1044|1045|1049), "
)


class DatabaseSchemaHook:
    """Compares the tables in the night's database with their contracts."""

    def __init__(self, secrets: SecretsManagerClient, night: RunContext) -> None:
        self._secrets, self._night = secrets, night

    def drifts(self) -> dict[str, list[Drift]]:
        """The address of each table that drifted from its contract -> its drifts.

        Raises SourceUnseen if the database cannot be read from here: perhaps only the cluster can reach it;
        SourceRefused if it was reached and refused the login, or the secret is missing or invalid.
        """
        address = self._address()
        where = f"{address.engine}://{address.host}/{address.dbname}"
        try:
            tables = _tables(address, where)
        except (SQLAlchemyError, ImportError, UnicodeError, OSError) as refused:
            line = _line(refused)
            if REFUSED.search(line):
                raise SourceRefused(f"{where} refused the login: {line}.", self._night.source_secret) from None
            raise SourceUnseen(f"the tables of {where} could not be read: {line}") from None
        drifts = {}
        for source in self._night.pipeline.sources:
            if source.database:
                table = tables.get(source.files)
                drifted = list(drift.drifts(source, table)) if table else [drift.missing(source, where)]
                drifts[f"{where}/{source.files}"] = drifted
        return {at: drifted for at, drifted in drifts.items() if drifted}

    def identity(self) -> str:
        """The identity of the night's database. Raises SourceUnseen or SourceRefused."""
        return self._address().identity

    def _address(self) -> Address:
        """The address in the secret, which no error quotes. Raises SourceUnseen or SourceRefused."""
        name = self._night.source_secret
        try:
            address = secret.parsed(self._secrets.get_secret_value(SecretId=name)["SecretString"])
        except self._secrets.exceptions.ResourceNotFoundException:
            raise SourceRefused(f"There is no secret {name}.", name) from None
        except (ClientError, BotoCoreError) as refused:
            raise SourceUnseen(f"the secret {name} could not be read: {_line(refused)}") from None
        except (ValueError, KeyError):
            address = None
        if address is None or address.family not in ENGINES:
            raise SourceRefused(f"The secret {name} is not in the form that Amazon RDS writes: {secret.FORM}.", name)
        return address


def _tables(address: Address, where: str) -> dict[str, Relation]:
    """The tables and views of the database, by lower-case name."""
    driver, here = ENGINES[address.family]
    who = (address.username, address.password)
    url = URL.create(driver, *who, host=address.host, port=address.port, database=address.dbname)
    selected = "table_name, column_name, data_type FROM information_schema.columns"
    order = f"WHERE table_schema = {here} ORDER BY table_name, ordinal_position"
    columns: dict[str, list[tuple[str, str]]] = {}
    with tls.connect_args(address) as secured:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": SECONDS, **secured})
        with engine.connect() as connection:
            for table, column, kind in _texts(connection.execute(text(f"SELECT {selected} {order}"))):
                columns.setdefault(table.lower(), []).append((column, kind))
    return {
        table: Relation(f"{where}/{table}", *map(tuple, zip(*listed, strict=True))) for table, listed in columns.items()
    }


def _texts(rows: Any) -> Iterator[list[str]]:
    """Rows as text: MySQL's information schema gives some columns as bytes."""
    for row in rows:
        yield [value.decode() if isinstance(value, bytes) else str(value) for value in row]


def _line(error: Exception) -> str:
    """An error in one line, without the text that SQLAlchemy adds."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
