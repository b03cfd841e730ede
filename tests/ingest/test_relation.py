"""A table of a real PostgreSQL lands whole, in columns that the jobs know; what cannot be read is told in one line."""

import gzip
import json
from contextlib import closing
from types import SimpleNamespace

import boto3
import psycopg2
import pytest

from covid_hospitals.jobs.bronze import rows_of as bronze_rows
from covid_hospitals.jobs.tables import POPULATION
from ingest import relation
from ingest.__main__ import main
from tests.ingest.helpers import BUCKET, body, keys, rows_of
from tests.spark_jobs.rows import singly
from tools.errors import ToolMissing
from tools.postgres import Postgres, binaries

PEOPLE = [
    ("SP", 35, 3500011, "São João, d'Água", 12),
    ("AC", 12, 1200013, 'Vila "Nova"', 345_678),
    ("SP", 35, 3500022, "Sem Gente", None),
]
DOWN = dict(engine="postgres", host="127.0.0.1", port=1, dbname="airflow", username="airflow", password="hidden")
FILE = "covid/reference_data/populacao-por-municipio-2020.csv.gz"


@pytest.fixture(scope="module")
def server():
    try:
        binaries()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    with Postgres() as running:
        with closing(connected(running)) as connection, connection, connection.cursor() as cursor:
            columns = "state text, state_ibge_code int, city_ibge_code int, city text, estimated_population bigint"
            cursor.execute(f"CREATE TABLE populacao ({columns})")
            cursor.executemany("INSERT INTO populacao VALUES (%s, %s, %s, %s, %s)", PEOPLE)
            cursor.execute("CREATE TABLE vazia (uf text, dia date)")
            cursor.execute(
                "CREATE TABLE dias AS SELECT date '2021-03-23' AS dia, timestamptz '2021-03-23 12:00+00' AS hora"
            )
        yield running


def connected(server):
    return psycopg2.connect(server.url.replace("+psycopg2", ""))


@pytest.fixture
def secret(server, s3):
    told = dict(
        engine="postgres",
        host="127.0.0.1",
        port=server.port,
        dbname="airflow",
        username="airflow",
        password=server.password,
    )
    return keep("covid", told)


def keep(name, told):
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(told))
    return name


def run(secret, table, *more):
    return main(["table", "--secret", secret, "--table", table, "--bucket", BUCKET, "--first-wait", "0.01", *more])


def test_a_table_lands_whole_as_the_jobs_know_it(secret, s3, capsys, monkeypatch):
    monkeypatch.setattr(relation, "ROWS_AT_ONCE", 2)
    assert run(secret, "public.populacao", "--name", "populacao-por-municipio-2020") == 0
    assert capsys.readouterr().out == f"3 rows of public.populacao are in s3://{BUCKET}/{FILE}\n"
    judged = list(singly(bronze_rows(FILE, body(s3, FILE))))
    assert {(row[0], row[4]) for row in judged} == {(POPULATION.name, "accepted")}
    landed = [tuple(row.values()) for row in rows_of(gzip.decompress(body(s3, FILE)).decode())]
    assert landed == [tuple("" if cell is None else str(cell) for cell in row) for row in PEOPLE]


def test_days_and_moments_are_written_as_the_jobs_read_them(secret, s3):
    assert run(secret, "dias", "--business-date", "2021-03-23") == 0
    [row] = rows_of(gzip.decompress(body(s3, "covid/2021/03/23/table/dias.csv.gz")).decode())
    assert row == {"dia": "2021-03-23", "hora": "2021-03-23T12:00:00+00:00"}


def test_an_empty_table_lands_with_its_header(secret, s3):
    assert run(secret, "vazia") == 0
    assert gzip.decompress(body(s3, "covid/reference_data/vazia.csv.gz")) == b"uf,dia\n"


def test_a_connection_that_breaks_is_tried_again_from_the_first_row(secret, s3, monkeypatch):
    packed, calls = relation._packed, []

    def breaking(cursor, file):
        calls.append(packed(cursor, file))
        if len(calls) == 1:
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        return calls[-1]

    monkeypatch.setattr(relation, "_packed", breaking)
    assert run(secret, "populacao") == 0
    assert calls == [3, 3]
    assert len(rows_of(gzip.decompress(body(s3, "covid/reference_data/populacao.csv.gz")).decode())) == 3


def test_a_database_that_is_down_is_told_and_what_landed_before_stays(secret, s3, capsys):
    assert run(secret, "vazia") == 0
    assert run(keep("down", DOWN), "vazia", "--tries", "2") == 1
    said = capsys.readouterr().err
    assert "check whether the database is up" in said and said.count("\n") == 1 and "hidden" not in said
    assert keys(s3, "covid/reference_data/vazia") == ["covid/reference_data/vazia.csv.gz"]


@pytest.mark.parametrize("table", ["populacao; DROP TABLE populacao", 'a"b', "a.b.c", ""])
def test_what_is_no_name_of_a_table_is_refused(secret, capsys, table):
    assert run(secret, table) == 1
    assert "is not a table's name" in capsys.readouterr().err


def test_a_table_that_is_not_there_is_not_asked_for_again(secret, capsys, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: pytest.fail("it waited to ask again")))
    assert run(secret, "nenhuma") == 1
    assert "refused to read nenhuma" in capsys.readouterr().err


@pytest.mark.parametrize("told", [{"host": "x"}, ["x"], "x"])
def test_a_secret_of_another_form_is_told_without_its_content(s3, capsys, told):
    assert run(keep("odd", told), "populacao") == 1
    said = capsys.readouterr().err
    assert "write it in the form" in said and '"x"' not in said


def test_a_secret_that_is_not_there_is_told(s3, capsys):
    assert run("none", "populacao") == 1
    assert "the secret none cannot be read (ResourceNotFoundException)" in capsys.readouterr().err
