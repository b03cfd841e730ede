"""What a command knows of a pipeline whose contract says it all: made-up files, or made-up tables of its database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from datagen.tables import Form, generate_rows, generate_table, spelt
from embedded.pipeline import Days, Local
from embedded.uploads.inputs import Delivery, Upload
from nightshift_contract.model import Table
from nightshift_contract.reading import contract
from tools.databases import DatabaseUrl
from tools.errors import InputRefused

SQL = {"string": "TEXT", "double": "DOUBLE PRECISION"}  # of the others the contract's name is PostgreSQL's


def local(pipeline: str, prefix: str, forms: Mapping[str, Form] | None = None) -> Local:
    """LOCAL of the package of a pipeline that reads files; `prefix` is that of its inputs, with the date's codes.
    `forms`: how made-up files of text are written, by table, where a script reads them; bronze takes any form."""
    make = partial(_made, pipeline, prefix, forms or {})
    return Local("CSV, JSON-lines or Parquet files, or folders of them", make=make)


def local_database(pipeline: str) -> Local:
    """LOCAL of the package of a pipeline that reads a database."""
    takes = "no files: --source names its database; without it one is started for the run, with made-up rows"
    return Local(takes, partial(_no_files, pipeline), seed=partial(_seed, pipeline))


def _made(
    pipeline: str, prefix: str, forms: Mapping[str, Form], folder: Path, days: Sequence[date]
) -> dict[date, Delivery]:
    """Each day's delivery: a file of made-up rows for each source table."""
    return {day: _delivery(pipeline, day.strftime(prefix), forms, folder / str(day), day) for day in days}


def _delivery(pipeline: str, prefix: str, forms: Mapping[str, Form], folder: Path, day: date) -> Delivery:
    folder.mkdir(parents=True, exist_ok=True)
    uploads = []
    for name, table in contract(pipeline).sources.items():
        form = forms.get(name)
        file = folder / (form.file if form and form.file else f"{name}.{table.format or 'csv'}")
        file.write_bytes(generate_table(table, day, form=form))
        uploads.append(Upload(file, f"{prefix}{file.name}"))
    return Delivery(tuple(uploads), (prefix,))


def _no_files(pipeline: str, _paths: Sequence[Path], _days: Days, _token: str) -> dict[date, Delivery]:
    raise InputRefused(
        f"{pipeline} reads a database, no files: leave --input out, and name the database with --source."
    )


def _seed(pipeline: str, url: DatabaseUrl, _paths: Sequence[Path], _folder: Path, day: date) -> None:
    """The tables of the contract in an empty PostgreSQL, with made-up rows; no column is required there."""
    with url.connected() as connection, connection.cursor() as cursor:
        for table in contract(pipeline).sources.values():
            columns = zip(spelt(table), table.columns, strict=True)
            kinds = ", ".join(f"{_quoted(name)} {SQL.get(column.type, column.type)}" for name, column in columns)
            cursor.execute(f"CREATE TABLE {_quoted(table.files)} ({kinds})")
            cursor.executemany(_insert(table), list(generate_rows(table, day)))


def _insert(table: Table) -> str:
    return f"INSERT INTO {_quoted(table.files)} VALUES ({', '.join(['%s'] * len(table.columns))})"  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
