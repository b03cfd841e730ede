"""The layers that follow from a contract: a generated package plays its own test, a sample gives known answers."""

import inspect
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from importlib import import_module

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded import cli
from embedded.cloud import environment
from embedded.new import sample, script_package, trial
from embedded.new.proposal import propose
from embedded.new.trial import Own, Written
from medallion import script, sql_file
from medallion.errors import ScriptFailed
from nightshift.failures.errors import DriverRefused
from nightshift.lake.packaging import jars_of
from nightshift_contract.json_lines import as_csv
from tests.embedded.test_new import BRAZILIAN, PLAIN
from tests.embedded.test_new_samples import SALES, TABLES, address
from tests.fifth import forgotten
from tests.spark_jobs.conftest import SECRET

DAY = "2026-01-04"
ARGUMENTS = "--in {input} --out {output} --day {business_date}"
EMPTY_JAR = b"PK\x05\x06" + bytes(18)  # a zip without files
header, *lines = [line.split(",") for line in PLAIN.splitlines()]
SAMPLES = {
    "own_brazilian": ("orders.csv", BRAZILIAN),
    "own_json": ("sales.jsonl", "\n".join(json.dumps(dict(zip(header, line, strict=True))) for line in lines)),
}
# As somebody runs it today: spark-submit by_shop.py --in … --out … --day …
SCRIPT = """\
import argparse

from pyspark.sql import SparkSession, functions as F
from shop_words import SHOP

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--in", "--out", "--day"):
        parser.add_argument(option, required=True)
    given = vars(parser.parse_args())
    spark = SparkSession.builder.master("local[*]").appName("by shop").getOrCreate()
    orders = spark.read.option("header", True).option("sep", ";").csv(given["in"])
    shops = orders.groupBy(F.col("Loja").alias(SHOP)).agg(F.count("Valor Total").alias("orders"))
    shops = shops.withColumn("day_of", F.lit(given["day"]))
    shops.write.mode("overwrite").parquet(given["out"] + "/shops")
    spark.stop()
"""


# What comes after it; semicolons and quotes as people write them.
TOTALS = """\
-- all shops; of one day
CREATE OR REPLACE TEMPORARY VIEW shops USING parquet OPTIONS (path '{output}/shops');
SELECT '{business_date}; all' AS day_of, sum(orders) AS orders FROM shops /* ; */;
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory, servers):
    """A folder with a package made of each sample, by the command."""
    folder = tmp_path_factory.mktemp("own")
    with forgotten(folder):
        for name, (file, text) in SAMPLES.items():
            (folder / name).mkdir()
            (folder / name / file).write_text(text)
            words = ["new", name, "--sample", str(folder / name / file), "--into", str(folder / "mine"), "--yes"]
            assert cli.main(words) == 0
        (folder / "own_parquet").mkdir()
        pq.write_table(pa.table(SALES), folder / "own_parquet/sales.parquet")
        sampled(folder, "own_parquet", "--sample", folder / "own_parquet/sales.parquet")
        for kind in TABLES:
            do(servers(kind), *TABLES[kind])
        url = servers("postgresql")
        with pytest.MonkeyPatch.context() as own:
            own.setenv(environment.SOURCE_PASSWORD, url.password)
            sampled(folder, "own_table", "--source", address(url), "--table", "Vendas")
        (folder / "by_shop.py").write_text(SCRIPT)
        (folder / "totals.sql").write_text(TOTALS)
        (folder / "shop_words.py").write_text('SHOP = "shop"\n')
        (folder / "any.jar").write_bytes(EMPTY_JAR)
        scripts = ("--script", "by_shop.py"), ("--script", "totals.sql")
        files = (*scripts, ("--py-files", "shop_words.py"), ("--jars", "any.jar"))
        given = [
            *(word for flag, name in files for word in (flag, str(folder / name))),
            "--args=--in {input} --out {output} --day {business_date}",
        ]
        sample = str(folder / "own_brazilian/orders.csv")
        into = ["--into", str(folder / "mine"), "--yes"]
        assert cli.main(["new", "own_script", "--sample", sample, *given, *into]) == 0
        yield folder


def sampled(folder, name, *words):
    """Make a package of a sample, by the command."""
    assert cli.main(["new", name, *map(str, words), "--into", str(folder / "mine"), "--yes"]) == 0


def do(url, *statements):
    with url.connected() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


PLAYED = [*((name, 2) for name in (*SAMPLES, "own_parquet", "own_table")), ("own_script", 1)]


@pytest.mark.parametrize(("name", "number_of_tests"), PLAYED)
def test_the_package_plays_its_own_test(packages, new_lake, made_up, tmp_path, name, number_of_tests):
    own = import_module(f"{name}.test_{name}")
    tests = [test for word, test in vars(own).items() if word.startswith("test_")]
    assert len(tests) == number_of_tests
    for number, test in enumerate(tests):
        (tmp_path / str(number)).mkdir()
        given = {"lake": new_lake(), "made_up": made_up, "tmp_path": tmp_path / str(number)}
        test(**{name: given[name] for name in inspect.signature(test).parameters})


INFERRED = {  # what a script with inferSchema reads as a number, a date, a time, a text
    "codes": ("shop,code,ean", ["00017,1,7891000100103", "00018,2,7891000100110"]),
    "large": ("id,phone,people", ["5000000000,11987654321,12345678", "5000000001,11987654322,9"]),
    "huge": ("id,price,day", ["123456789012345678901,1.50,2026-01-04", "123456789012345678902,2,2026-01-05"]),
    "mixed": ("id,code,sold_at,paid", ["1,00017,2026-01-04 08:30:00,true", "2,A17,2026-01-05 09:00:00,false"]),
}


@pytest.mark.parametrize("name", INFERRED)
def test_a_script_that_infers_types_reads_made_up_rows_as_it_does_the_sample(spark, tmp_path, name):
    header, lines = INFERRED[name]
    (tmp_path / "sales.csv").write_text("\n".join([header, *lines, ""]))
    proposal = propose(sample.read(tmp_path / "sales.csv"))
    made = script_package.made_up([proposal], date(2026, 1, 4))
    (tmp_path / "made").mkdir()
    (tmp_path / "made/sales.csv").write_bytes(made["sales.csv"])
    read = spark.read.option("header", True).option("inferSchema", True)
    given, again = (read.csv(str(tmp_path / path)) for path in ("sales.csv", "made/sales.csv"))
    assert again.schema == given.schema
    assert again.count() == again.select(*proposal.table.key).distinct().count()


def test_that_zeros_are_lost_is_said_of_the_tables_that_have_the_codes(tmp_path):
    header, lines = INFERRED["codes"]
    (tmp_path / "sales.csv").write_text("\n".join([header, *lines, ""]))
    proposal = propose(sample.read(tmp_path / "sales.csv"))
    tables = [
        Written("shops", {"Shop": "int", "ean": "bigint"}, ("Shop",), {}),
        Written("kept", {"shop": "string"}, ("shop",), {}),
    ]
    [said] = script_package.losses([proposal], tables)
    assert said.startswith("Of Shop in shops the leading zeros are lost: what is 00017 in the sample is 17")


def test_what_a_script_writes_of_other_rows_otherwise_is_said_with_each_column(tmp_path, monkeypatch):
    table = Written("shops", {"shop": "int", "at": "timestamp"}, ("shop",), {})
    other = replace(table, columns={"shop": "int", "at": "string"}, is_key=False)
    monkeypatch.setattr(trial, "play", lambda *_: [other])
    said = trial.unlike("own", Own([]), {"a.csv": b""}, date(2026, 1, 4), [table, replace(table, name="gone")])
    assert "shops.at is timestamp of the sample, string of made-up rows. Read the input with types of its own" in said
    assert "two of shops have the same shop" in said and "nothing writes gone" in said
    as_text = replace(table, format="csv")  # which a night reads with the contract's types
    monkeypatch.setattr(trial, "play", lambda *_: [replace(as_text, columns={"shop": "int", "at": "string"})])
    assert trial.unlike("own", Own([]), {}, date(2026, 1, 4), [as_text]) == ""


def test_the_sample_itself_gives_known_answers(packages, lake):
    counts = lake.run("own_brazilian", DAY, packages / "own_brazilian")
    assert counts["silver"]["orders"]["accepted"] == 4
    gold = [tuple(row.values()) for row in lake.gold("own_brazilian", DAY, "orders_by_data")]
    first, second = date(2025, 12, 29), date(2025, 12, 30)
    assert gold == [(first, 2, Decimal("1334.46")), (second, 2, Decimal("-5.00"))]


def test_a_parquet_sample_gives_its_own_values(packages, lake):
    counts = lake.run("own_parquet", DAY, packages / "own_parquet")
    assert counts["silver"]["sales"]["accepted"] == 3
    first, _, last = sorted(lake.rows("silver", "own_parquet", "sales", DAY), key=lambda row: row["sale_id"])
    said = [first[name] for name in ("sale_id", "shop", "sold_at", "units", "price", "rate", "paid", "e_mail", "line")]
    at = first["sold_at"]
    assert said == [1, "Centro", at, 1, Decimal("12.50"), 0.0, True, "ana@example.com", 1]
    assert (at.replace(tzinfo=None), last["units"], last["price"]) == (datetime(2026, 1, 4, 10), -1, Decimal("3.00"))
    gold = [tuple(row.values()) for row in lake.gold("own_parquet", DAY, "sales_by_sold_at_date")]
    assert gold == [(date(2026, 1, 4), 3, 2, Decimal("15.50"))]


def test_a_parquet_file_that_cannot_be_read_so_is_refused_as_a_whole_and_a_value_by_the_contract(packages, lake, drop):
    folder = drop({"cut.parquet": b"PAR1 and no end", "sales.csv": "Sale Id,Shop\n1,a\n", "_hidden.parquet": b"PAR1"})
    others = {
        "more[1].parquet": {**SALES, "Sale Id": pa.array(["4", "five", "6"])},
        "nested.parquet": {**SALES, "Shop": [["a"], ["b"], ["c"]]},
        "sales_lacking.parquet": {name: values for name, values in SALES.items() if name != "units"},
        "nanoseconds.parquet": {**SALES, "sold at": pa.array([0, 0, 0], pa.timestamp("ns"))},
        "other.parquet": {"x": [1]},
    }
    for name, columns in others.items():
        pq.write_table(pa.table(columns), folder / name)
    counts = lake.run("own_parquet", DAY, folder, layers="bronze,silver")
    bronze, unknown = counts["bronze"]["sales"], counts["bronze"]["other_files"]
    whole = {
        row["source_file"].rpartition("/")[2]: row for row in lake.quarantine("bronze", "own_parquet", "sales", DAY)
    }
    reasons = {name: row["reason"] for name, row in whole.items()}
    assert reasons == {"sales_lacking.parquet": "missing_column", "nested.parquet": "no_text_form"}
    assert whole["nested.parquet"]["detail"] == "Shop is array: a source has plain values only"
    assert (bronze["accepted"], unknown["reasons"]) == (3, {"hidden_file": 1, "unknown_file": 2, "unreadable_file": 2})
    assert counts["silver"]["sales"]["reasons"] == {"bad_number": 1}
    [odd] = lake.quarantine("silver", "own_parquet", "sales", DAY)
    assert (odd["line"], json.loads(odd["raw"])["e_mail"]) == (2, "****")


def test_a_table_is_read_alike_from_both_servers(packages, servers, new_lake, opens, tmp_path):
    gold = {}
    for kind in TABLES:
        opens(servers(kind).secret)
        lake = new_lake()
        counts = lake.run("own_table", DAY, tmp_path, secret=SECRET)
        assert counts["silver"]["vendas"]["accepted"] == 2
        rows = lake.rows("silver", "own_table", "vendas", DAY)
        assert {row["loja"]: row["valor"] for row in rows} == {"Centro": Decimal("12.50"), "Norte": Decimal("-3.00")}
        assert {row["vendido_em"].hour for row in rows} == {7, 8}, "an instant, in the business's local time"
        gold[kind] = [tuple(row.values()) for row in lake.gold("own_table", DAY, "vendas_by_vendido_em_date")]
    assert gold == {kind: [(date(2026, 1, 4), 2, 2, Decimal("9.50"))] for kind in TABLES}


def test_what_one_pipeline_publishes_is_the_input_of_another(packages, lake):
    lake.run("own_brazilian", DAY, packages / "own_brazilian")
    published = lake.staging("own_brazilian", DAY) / "gold/orders_by_data"
    [file] = published.glob("*.parquet")
    sampled(packages, "own_days", "--sample", file, "--after", "own_brazilian.orders_by_data")
    counts = lake.run("own_days", DAY, published)
    assert counts["silver"]["orders_by_data"]["accepted"] == 2
    # Its date is its key, of which each row has another, so gold has one row a night.
    [night] = lake.gold("own_days", DAY, "orders_by_data_by_delivery_date")
    assert list(night.values()) == [date(2026, 1, 4), 2, 4, Decimal("1329.46")]


def test_a_script_runs_as_it_is_and_what_it_wrote_is_staged_as_the_contract_says(packages, lake):
    assert (packages / "mine/own_script/scripts/by_shop.py").read_text() == SCRIPT
    lake.run("own_script", DAY, packages / "own_brazilian", layers="gold")
    shops = [tuple(row.values()) for row in lake.gold("own_script", DAY, "shops")]
    assert shops == [("Centro", 2, DAY), ("Norte", 1, DAY), ("Sul", 1, DAY)]
    assert [tuple(row.values()) for row in lake.gold("own_script", DAY, "totals")] == [(f"{DAY}; all", 4)]
    [table, _] = lake.manifest("own_script", DAY, "gold")["gold"]
    assert table["schema"] == {"shop": "string", "orders": "bigint", "day_of": "string"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys\nsys.exit(3)\n", "by_shop.py: it ended with 3"),
        ("import sys\nsys.exit()\n", "the script wrote no Parquet or CSV with a header or JSON lines at"),
        (SCRIPT.replace('alias("orders")', 'alias("sold")'), "lacks orders of the contract"),
    ],
)
def test_a_script_that_fails_or_writes_something_else_is_refused(packages, lake, monkeypatch, text, why):
    monkeypatch.setattr(script.pkgutil, "get_data", partial(_with_script, script.pkgutil.get_data, text.encode()))
    with pytest.raises(ScriptFailed, match=why):
        lake.run("own_script", DAY, packages / "own_brazilian", layers="gold")


def _with_script(get_data, text, package, path):
    return text if path.endswith("by_shop.py") else b"SELECT 1" if path.endswith(".sql") else get_data(package, path)


def test_the_jars_of_a_package_are_those_that_it_was_made_with(packages):
    [jar] = jars_of(packages / "mine/own_script")
    assert (jar.name, jar.content) == ("any.jar", EMPTY_JAR)
    (packages / "mine/own_script/jars/any.jar").write_bytes(b"another")
    with pytest.raises(DriverRefused, match=r"any\.jar has SHA-256"):
        jars_of(packages / "mine/own_script")
    assert jars_of(packages / "mine/own_json") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("a ';' b; c \";\" `;` -- ; d\n ; /* ; */ ; \n", ["a ';' b", 'c ";" `;` -- ; d']),
        ("x - 1 / 2; 'it\\'s;'", ["x - 1 / 2", "'it\\'s;'"]),
        ("-- nothing\n;;", []),
    ],
)
def test_statements_end_at_a_semicolon_that_is_in_no_quotes_and_no_comment(text, parts):
    assert [*sql_file.statements(text)] == parts


def test_the_rows_of_a_query_at_the_end_are_what_the_file_writes_and_a_refusal_names_its_statement(lake, tmp_path):
    out = str(tmp_path / "out")
    sql_file.run(lake.spark, "q.sql", "SET x=1; -- then\nWITH a AS (SELECT 7 AS n) SELECT n FROM a", out)
    assert [row["n"] for row in lake.spark.read.parquet(out).collect()] == [7]
    with pytest.raises(ScriptFailed, match=r"running q\.sql, statement 2 \(SELECT n FROM nowhere\): .*nowhere"):
        sql_file.run(lake.spark, "q.sql", "SELECT 1; SELECT n\nFROM nowhere", out)


def test_a_file_of_no_table_one_key_twice_and_a_broken_line_are_quarantined(packages, lake, drop):
    again = SAMPLES["own_json"][1].splitlines()
    changed = json.dumps({**json.loads(again[0]), "price": "99.00"})
    folder = drop({"a.jsonl": "\n".join([*again, changed, again[1], "{broken"]), "notes.txt": "of no table\n"})
    counts = lake.run("own_json", DAY, folder)
    assert counts["bronze"]["sales"]["reasons"] == {"wrong_column_count": 1}
    assert counts["bronze"]["other_files"]["reasons"] == {"unknown_file": 1}
    silver = counts["silver"]["sales"]
    assert (silver["accepted"], silver["duplicates"], silver["reasons"]) == (3, 1, {"clashing_key": 1})


def test_json_lines_keep_their_digits_and_nested_values():
    text = b'{"a": 1.10, "b": null}\n\n{"b": true, "a": {"c": [1, "\xc3\xa9"]}, "d": "x\\ny"}\n'
    assert as_csv(text) == b'a,b,d\n"1.10","",""\n"{""c"": [""1"", ""\xc3\xa9""]}","true","x\ny"\n'
