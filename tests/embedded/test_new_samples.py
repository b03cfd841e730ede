"""./nightshift new of a source that says its types: a Parquet file, and a table of a real PostgreSQL and MariaDB."""

import datetime
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded.cloud import environment
from embedded.new import parquet_sample, table_sample
from embedded.new.proposal import propose
from embedded.pipeline import Local, Pipeline, no_files
from embedded.uploads import kinds
from embedded.uploads.inputs import Upload
from nightshift.config import Settings
from nightshift.contracts import contract
from nightshift.dag_factory import night_dag
from nightshift.pipelines import registry
from tests.databases import mariadb, postgresql
from tools.errors import InputRefused

MOMENT = pa.timestamp("us")
SALES = {
    "Sale Id": pa.array([1, 2, 3], pa.int64()),
    "Shop": pa.array(["Centro", "Centro", "Norte"]).dictionary_encode(),
    "sold at": pa.array([datetime.datetime(2026, 1, 4, 10)] * 3, MOMENT),
    "units": pa.array([1, 2, -1], pa.int16()),
    "price": pa.array([Decimal("12.50"), None, Decimal("3.00")], pa.decimal128(12, 2)),
    "rate": pa.array([Decimal(0)] * 3, pa.decimal128(38, 18)),
    "paid": pa.array([True, False, None]),
    "e-mail": pa.array(["ana@example.com", "bia@example.com", None]),
}
PROPOSED = {
    "sale_id": "bigint",
    "shop": "string",
    "sold_at": "timestamp",
    "units": "int",
    "price": "decimal(18,2)",
    "rate": "double",
    "paid": "boolean",
    "e_mail": "string",
}


@pytest.fixture
def written(tmp_path):
    """Write a Parquet file of columns; gives its path."""

    def write(columns, name="sales-2026-01-04.parquet"):
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    return write


def types(table):
    return {column.name: column.type for column in table.columns}


def test_a_parquet_schema_says_the_types_and_its_rows_the_key_and_what_is_personal(written):
    made = propose(parquet_sample.read(written(SALES)))
    assert types(made.table) == PROPOSED
    assert (made.table.name, made.table.key, made.table.format) == ("sales", ("sale_id",), "parquet")
    assert made.personal == {"e_mail": "e-mail address"}
    assert (made.gold, made.sums) == ("sales_by_sold_at_date", ("units", "price"))
    assert [c.name for c in made.table.columns if c.required] == ["sale_id", "sold_at"], "null may come in any other"


def test_times_as_spark_writes_them_are_taken(tmp_path):
    """96 bits: what Spark writes unless told otherwise, so also what a night publishes."""
    own = pa.table({"id": [1, 2], "at": pa.array([datetime.datetime(2026, 1, 4)] * 2, MOMENT)})
    pq.write_table(own, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    assert types(parquet_sample.read(tmp_path / "a.parquet").table) == {"id": "bigint", "at": "timestamp"}


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"id": [1], "items": [[1, 2]]}, "has items, which is list<element: int64>: a source has columns of plain"),
        ({"id": [1], "who": [{"name": "Ana"}]}, "has who, which is struct<name: string>"),
        ({"id": [1], "photo": [b"\xff"]}, "has photo, which is binary"),
        ({"id": [1], "at": pa.array([0], pa.timestamp("ns"))}, "has at in nanoseconds, which Spark does not read"),
        ({"id": pa.array([], pa.int64())}, "has no row: give a file with some rows"),
        ({"id": [1], "ID ": [2]}, "names id more than once"),
    ],
)
def test_a_parquet_file_that_no_source_can_be_is_refused_and_nothing_is_written(new, written, tmp_path, columns, why):
    status, said = new("own_sales", "--sample", written(columns), "--yes")
    assert (status, (tmp_path / "mine").exists()) == (2, False)
    assert why in said, said


def test_half_a_parquet_file_is_refused(new, written):
    file = written(SALES)
    file.write_bytes(file.read_bytes()[:-9])
    status, said = new("own_sales", "--sample", file, "--yes")
    assert status == 2 and "begins like a Parquet file and cannot be read" in said, said


def test_a_run_takes_parquet_only_where_a_source_is_delivered_so(new, written, tmp_path):
    file = written(SALES)
    (tmp_path / "orders.csv").write_text("id,v\n1,2.50\n2,3.50\n")
    assert new("own_sales", "--sample", file, "--yes")[0] == 0
    assert new("own_orders", "--sample", tmp_path / "orders.csv", "--yes")[0] == 0
    known = registry.discover([tmp_path / "mine"]).packages
    kinds.refuse_unusable(known["own_sales"].pipeline, [Upload(file, "a/sales.parquet")], "utf-8")
    with pytest.raises(InputRefused, match="No file has the columns of any of orders"):
        kinds.refuse_unusable(known["own_orders"].pipeline, [Upload(file, "a/sales.parquet")], "utf-8")


def test_a_pipeline_that_takes_anothers_gold_is_made_of_a_file_of_it_and_takes_no_other(new, written, tmp_path):
    words = ("--sample", written(SALES, "2026-01-04.parquet"), "--after", "wordcount.word_counts", "--yes")
    status, said = new("own_days", *words)
    assert status == 0 and "./nightshift run own_days --date YYYY-MM-DD" in said, said
    made = registry.discover([tmp_path / "mine"]).packages["own_days"]
    assert (made.pipeline.after, made.pipeline.inputs.prefix) == ("wordcount.word_counts", "")
    assert [source.name for source in made.pipeline.sources] == ["word_counts"]
    assert "When wordcount.word_counts is published" in made.runbook
    own = Pipeline(made.pipeline, Local())
    with pytest.raises(InputRefused, match=r"own_days takes wordcount\.word_counts: leave --input out"):
        own.read([tmp_path], [datetime.date(2026, 1, 4)], "token")
    assert (own.from_database, own.maker()) == (False, no_files), "neither drivers nor files are brought for it"
    status, said = new("own_weeks", *words[:2], "--after", "wordcount")
    assert status == 2 and "--after names a gold table <pipeline>.<table>" in said


def test_its_dag_is_scheduled_by_the_table_that_the_others_night_publishes(new, written, tmp_path):
    assert new("own_sales", "--sample", written(SALES), "--yes")[0] == 0
    [table] = registry.discover([tmp_path / "mine"]).packages["own_sales"].pipeline.gold
    after = ("--after", f"own_sales.{table.name}")
    assert new("own_days", "--sample", written(SALES, "2026-01-04.parquet"), *after, "--yes")[0] == 0
    known = registry.discover([tmp_path / "mine"]).packages
    first, second = (night_dag(known[name].pipeline, Settings(), None) for name in ("own_sales", "own_days"))
    starts, published = second.timetable.asset_condition.objects, first.get_task("publish").outlets
    assert [(a.name, a.uri) for a in starts] == [(a.name, a.uri) for a in published]
    assert [a.name for a in starts] == [f"own_sales.{table.name}"]


# As each server declares the same table; the view of it has no key of its own.
TABLES = {
    "postgresql": (
        'CREATE TABLE "Vendas" (id bigint, loja varchar(40), vendido_em timestamptz NOT NULL, unidades smallint,'
        " valor numeric(12,2), taxa double precision, pago boolean, cpf char(11), foto bytea, dados jsonb,"
        " PRIMARY KEY (loja, id))",
        "INSERT INTO \"Vendas\" VALUES (1, 'Centro', '2026-01-04 10:00:00+00', 2, 12.5, 0.125, true, '52998224725',"
        ' NULL, \'{"nome": "Ana"}\'),'
        " (1, 'Norte', '2026-01-04 11:00:00+00', NULL, -3, NULL, NULL, NULL, '\\x00', NULL)",
        'CREATE VIEW por_loja AS SELECT loja, valor FROM "Vendas"',
        "CREATE ROLE reader LOGIN PASSWORD 'only'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    ),
    "mariadb": (
        "SET time_zone = '+00:00'",
        "CREATE TABLE `Vendas` (id bigint, loja varchar(40), vendido_em timestamp NOT NULL, unidades smallint,"
        " valor decimal(12,2), taxa double, pago tinyint(1), cpf char(11), foto blob, dados json,"
        " PRIMARY KEY (loja, id))",
        "INSERT INTO `Vendas` VALUES (1, 'Centro', '2026-01-04 10:00:00', 2, 12.5, 0.125, true, '52998224725', NULL,"
        " '{\"nome\": \"Ana\"}'), (1, 'Norte', '2026-01-04 11:00:00', NULL, -3, NULL, NULL, NULL, 'x', NULL)",
        "CREATE VIEW por_loja AS SELECT loja, valor FROM `Vendas`",
    ),
}


@pytest.fixture(scope="module", params=TABLES)
def shop(request):
    """The address of a table and a view in each server, in PostgreSQL for a user who may only read them."""
    with {"postgresql": postgresql, "mariadb": mariadb}[request.param]() as url:
        with url.connected() as connection, connection.cursor() as cursor:
            for statement in TABLES[request.param]:
                cursor.execute(statement)
        yield replace(url, username="reader", password="only") if url.engine == "postgres" else url


def test_a_table_declares_types_and_key_and_its_rows_show_what_is_personal(shop):
    made = propose(table_sample.read(shop, "vendas"))
    json = {} if shop.engine == "postgres" else {"dados": "string"}  # MariaDB declares it as a text
    assert types(made.table) == {
        "id": "bigint",
        "loja": "string",
        "vendido_em": "timestamp",
        "unidades": "int",
        "valor": "decimal(18,2)",
        "taxa": "double",
        "pago": "boolean" if shop.engine == "postgres" else "int",
        "cpf": "string",
        **json,
    }
    assert (made.table.name, made.table.files, made.table.key) == ("vendas", "vendas", ("loja", "id"))
    assert made.personal == {"cpf": "CPF", **dict.fromkeys(json, "nested JSON")}
    photo = f"foto ({'bytea' if shop.engine == 'postgres' else 'blob'}, without a text form)"
    assert made.sample.left_out == ((photo,) if json else (photo, "dados (jsonb, which is no plain value)"))
    assert [c.name for c in made.table.columns if c.required] == ["id", "loja", "vendido_em"]
    assert made.sums == ("unidades", "valor")


def test_a_wrong_password_is_named(shop):
    with pytest.raises(InputRefused, match="correct the user or the password") as told:
        table_sample.read(replace(shop, password="wr0ng"), "vendas")
    assert "wr0ng" not in str(told.value)


def test_a_view_has_no_key_so_its_rows_show_one(shop):
    made = propose(table_sample.read(shop, "por_loja"))
    assert (made.table.key, made.sample.table.key) == (("loja",), ())


def address(url):
    return (
        f"{'postgresql' if url.engine == 'postgres' else 'mysql'}://{url.username}@{url.host}:{url.port}/{url.dbname}"
    )


def test_the_package_of_a_table_is_one_that_the_registry_accepts_and_names_no_password(
    new, shop, tmp_path, monkeypatch
):
    monkeypatch.setenv(environment.SOURCE_PASSWORD, shop.password)
    status, said = new("own_vendas", "--source", address(shop), "--table", "Vendas", "--yes")
    assert status == 0, said
    assert "left out: foto (" in said and "key: loja, id, the table's own" in said
    assert "./nightshift run own_vendas --source URL" in said
    package = registry.discover([tmp_path / "mine"]).packages["own_vendas"]
    assert (package.pipeline.database, package.pipeline.reads_files) == ("own_vendas", False)
    [source], [gold] = contract.read(package.folder / "contract.toml")
    assert (source.database, source.drift["dropped"]) == (True, "refuse")
    assert gold.name == "vendas_by_vendido_em_date"
    text = said + "".join(path.read_text() for path in package.folder.rglob("*.*") if path.suffix != ".pyc")
    assert not [word for word in (shop.password, "52998224725", "Centro") if word in text]


@pytest.mark.parametrize(
    ("table", "why"),
    [("nowhere", "has no table or view nowhere in the schema of"), ("public.Vendas", "is no table's name here")],
)
def test_a_table_that_is_not_there_is_refused(shop, table, why):
    with pytest.raises(InputRefused, match=why) as told:
        table_sample.read(shop, table)
    assert shop.password not in str(told.value)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Give a sample: files with --sample, or tables with --source and --table."),
        (("--source", "mysql://u@h/d"), "--table names its tables: give both"),
        (("--sample", "a.csv", "--table", "t"), "--table names its tables: give both"),
        (("--sample", "a.csv", "--source", "mysql://u@h/d", "--table", "t"), "Give a sample: files with --sample, or"),
        (
            ("--source", "mysql://u@h/d", "--table", "t", "--script", "a.py"),
            "--source is for a pipeline without --script",
        ),
    ],
)
def test_a_sample_is_files_or_tables(new, words, why):
    status, said = new("own", *words)
    assert status == 2 and why in said


def test_a_name_too_long_for_its_roles_is_refused_before_the_database_is_opened(new):
    status, said = new("a_name_of_20_letters", "--source", "mysql://u@h/d", "--table", "t")
    assert status == 2 and "at most 19 characters, such as a_name_of_20_letter" in said
