"""Drift of a database's tables, told before a cluster reads them: real PostgreSQL and MariaDB, the secret in moto."""

import json
from dataclasses import replace

import boto3
import pytest

from card_movements.definition import PIPELINE as CARD_MOVEMENTS
from nightshift.contracts import drift
from nightshift.contracts.drift import Relation
from nightshift.failures.errors import OtherSource, SchemaDrifted, SourceRefused, SourceUnseen
from nightshift.inputs.database_schema import REFUSED, DatabaseSchemaHook
from nightshift.operators.contract import CheckInputsOperator
from nightshift_contract import secret
from nightshift_contract.model import Column, Table
from tests import databases

TABLES = (
    "CREATE TABLE movimento (id bigint, vlr_transacao decimal(18,2), des_transacao varchar(90),"
    " data_movimento timestamp, id_cartao int)",
    "CREATE TABLE cartao (id int, num_cartao varchar(16), nom_impresso varchar(30), id_conta int, id_associado int,"
    " data_criacao timestamp)",
    "CREATE TABLE conta (id int, tipo varchar(9), data_criacao date)",
    "CREATE VIEW associado AS SELECT id, num_cartao AS nome, nom_impresso AS sobrenome, id_conta AS idade FROM cartao",
)
RULES = {"added": "ignore", "dropped": "refuse", "retyped": "quarantine"}


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def server(request):
    with getattr(databases, request.param)() as address:
        yield address


@pytest.fixture
def bank(server):
    """The bank's tables as their contract has them; gives run(sql)."""

    def run(*statements):
        with server.connected() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    run(*TABLES)
    yield run
    run("DROP VIEW IF EXISTS associado", *(f"DROP TABLE IF EXISTS {t}" for t in ("movimento", "cartao", "conta")))


@pytest.fixture
def secrets(aws):
    return boto3.client("secretsmanager", region_name="us-east-1")


@pytest.fixture
def cards(night):
    return replace(night, pipeline=CARD_MOVEMENTS, options={})


@pytest.fixture
def look(server, secrets, cards):
    secrets.create_secret(Name=cards.source_secret, SecretString=server.secret)
    return lambda: [
        (where.rpartition("/")[2], d.event, d.column, d.rule)
        for where, found in DatabaseSchemaHook(secrets, cards).drifts().items()
        for d in found
    ]


def test_tables_and_views_as_the_contract_has_them_are_not_worth_a_word(bank, look):
    assert look() == []


def test_columns_that_came_went_and_changed_are_told_by_their_table(bank, look):
    bank(
        "ALTER TABLE conta ADD COLUMN agencia int",
        "ALTER TABLE movimento RENAME COLUMN vlr_transacao TO montante",
        "ALTER TABLE cartao DROP COLUMN data_criacao",
        "ALTER TABLE cartao ADD COLUMN dt_criacao int",
    )
    assert sorted(look()) == [
        ("cartao", "retyped", "data_criacao", "quarantine"),
        ("conta", "added", "agencia", "ignore"),
        ("movimento", "added", "montante", "ignore"),
        ("movimento", "dropped", "vlr_transacao", "refuse"),
    ]


def test_a_table_that_is_not_there_is_dropped_whole(bank, look):
    bank("DROP TABLE conta")
    assert look() == [("conta", "dropped", "conta", "refuse")]


def test_what_the_contract_refuses_ends_the_night_before_its_cluster(bank, server, look, cards, settings):
    check = CheckInputsOperator(task_id="check_inputs", pipeline=CARD_MOVEMENTS, settings=settings)
    assert check.work(cards, {}) == {"drifted": 0}
    bank("ALTER TABLE movimento RENAME COLUMN vlr_transacao TO montante")
    with pytest.raises(SchemaDrifted, match=r"vlr_transacao is missing; if montante is its new name") as refused:
        check.work(cards, {})
    assert server.password not in str(refused.value)


def test_a_night_on_anothers_lake_ends_before_its_cluster_unless_the_database_has_moved(aws, server, cards, settings):
    told = {**json.loads(server.secret), "identity": "the bank"}
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    secrets.create_secret(Name=cards.source_secret, SecretString=json.dumps(told))
    key = "silver/card_movements/_source.json"
    aws("s3").put_object(Bucket=settings.bucket("lake"), Key=key, Body=b'{"identity": "another"}')
    check = CheckInputsOperator(task_id="check_inputs", pipeline=CARD_MOVEMENTS, settings=settings)
    with pytest.raises(OtherSource, match=r"another database, another; this run reads the bank.*--source-moved"):
        check.work(cards, {})
    with pytest.raises(SchemaDrifted):  # its tables are not there: it looked at them
        check.work(replace(cards, options={"source_moved": True}), {})


@pytest.mark.parametrize(
    "told",
    [
        {"engine": "aurora-mysql", "host": "DB.example", "dbname": "coop"},
        {"engine": "postgresql", "host": "db.example", "port": "6000", "dbname": "coop"},
        {"engine": "mariadb", "host": "db.example", "dbname": "coop", "identity": "the bank"},
    ],
)
def test_airflow_and_the_jobs_call_a_database_by_the_same_name(secrets, cards, told):
    text = json.dumps({**told, "username": "u", "password": "p"})
    secrets.create_secret(Name=cards.source_secret, SecretString=text)
    assert DatabaseSchemaHook(secrets, cards).identity() == secret.parsed(text).identity


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "There is no secret"),
        ("no json", "not in the form"),
        ('{"engine": "oracle", "host": "h", "dbname": "d", "username": "u", "password": "p"}', "not in the form"),
        ('["postgres"]', "not in the form"),
    ],
)
def test_a_secret_that_is_missing_or_invalid_ends_the_night_before_its_cluster(secrets, cards, settings, told, said):
    if told:
        secrets.create_secret(Name=cards.source_secret, SecretString=told)
    check = CheckInputsOperator(task_id="check_inputs", pipeline=CARD_MOVEMENTS, settings=settings)
    with pytest.raises(SourceRefused, match=said) as refused:
        check.work(cards, {})
    assert cards.source_secret in refused.value.next_action and "json" not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"password": "hidden"}, {"username": "nobody"}, {"dbname": "nowhere"}])
def test_a_login_that_the_database_refuses_ends_the_night_before_its_cluster(server, secrets, cards, settings, wrong):
    secrets.create_secret(Name=cards.source_secret, SecretString=json.dumps({**json.loads(server.secret), **wrong}))
    check = CheckInputsOperator(task_id="check_inputs", pipeline=CARD_MOVEMENTS, settings=settings)
    with pytest.raises(SourceRefused, match="refused the login") as refused:
        check.work(cards, {})
    assert refused.value.final and "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ('FATAL:  autenticação do tipo senha falhou para o usuário "coop"', True),
        ('FATAL:  database "coop" does not exist', True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "coop", database "coop", no encryption', False),
        ("FATAL:  sorry, too many clients already", False),
        ("(1130, \"Host '10.0.0.9' is not allowed to connect to this MySQL server\")", False),
        ("(1040, 'Too many connections')", False),
        ("(1049, \"Unknown database 'coop'\")", True),
    ],
)
def test_an_answer_that_the_clusters_address_may_not_get_refuses_nothing(answer, refused):
    assert bool(REFUSED.search(answer)) == refused


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_a_database_out_of_reach_is_told_without_its_password(secrets, cards, engine):
    nowhere = {"engine": engine, "host": "127.0.0.1", "port": 1, "dbname": "d", "username": "u", "password": "hidden"}
    secrets.create_secret(Name=cards.source_secret, SecretString=json.dumps(nowhere))
    with pytest.raises(SourceUnseen, match=rf"the tables of {engine}://127.0.0.1/d could not be read") as unseen:
        DatabaseSchemaHook(secrets, cards).drifts()
    assert "hidden" not in str(unseen.value)


def test_head_offices_tables_are_looked_at_where_they_are_read(secrets, night, settings):
    """Files are asked for otherwise: the secret that is missing here would be told."""
    check = CheckInputsOperator(task_id="check_inputs", pipeline=night.pipeline, settings=settings)
    assert check.work(night, {}) == {"drifted": 0}
    with pytest.raises(SourceRefused, match=r"no secret .*sources/head_office"):
        check.work(replace(night, options={"reference": "database"}), {})


@pytest.mark.parametrize(
    ("kind", "declared", "odd"),
    [
        *((kind, declared, "") for kind in ("int", "bigint") for declared in ("integer", "BIGINT", "numeric", "text")),
        *(("decimal(18,2)", declared, "") for declared in ("decimal", "double precision", "int", "character varying")),
        *(("timestamp", declared, "") for declared in ("timestamp without time zone", "datetime", "date", "varchar")),
        *(("string", declared, "") for declared in ("int", "json", "uuid")),
        *(("bigint", declared, declared) for declared in ("boolean", "date", "double", "uuid")),
        *(("timestamp", declared, declared) for declared in ("int", "time", "boolean")),
        ("decimal(18,2)", "json", "json"),
    ],
)
def test_a_declared_type_has_drifted_when_no_value_of_it_would_do(kind, declared, odd):
    source = Table("s", (Column("c", kind, ("c",)),), ("c",), files="s", drift=RULES)
    found = [d.words for d in drift.drifts(source, Relation("w", ("C",), (declared,)))]
    assert found == ([f"is not {kind}: {odd}"] if odd else [])


@pytest.mark.parametrize(
    ("kind", "declared", "event", "rule"),
    [
        *(("decimal(18,2)", declared, "lossy", "read as it is") for declared in ("real", "FLOAT")),
        *(("string", declared, "dropped", "refuse") for declared in ("bytea", "ARRAY", "mediumblob", "varbinary")),
        ("decimal(18,2)", "blob", "dropped", "refuse"),
    ],
)
def test_a_type_that_loses_digits_is_warned_of_and_one_without_text_is_as_good_as_gone(kind, declared, event, rule):
    source = Table("s", (Column("c", kind, ("c",)),), ("c",), files="s", drift=RULES)
    [found] = drift.drifts(source, Relation("w", ("C",), (declared,)))
    assert (found.event, found.rule, declared.lower() in found.words) == (event, rule, True)
