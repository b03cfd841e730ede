"""One contract for both sides: what check_inputs reads out of a file is what the jobs read out of it."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import nightshift_contract
from medallion import csv_text
from mrhealth_sales.definition import PIPELINE as MRHEALTH_SALES
from nightshift.config import Settings
from nightshift.contracts import drift
from nightshift.lake.packaging import package
from nightshift_contract import dialect, secret
from nightshift_contract.json_lines import as_csv
from nightshift_contract.model import PT_BR, Column, Table
from nightshift_contract.reading import ContractError, contract, parsed

ORDERS = contract("mrhealth_sales").sources["orders"]
FOREIGN = ",;\t|"
CELL = "notes: {0} a {0} b {0} c {0} d {0} e {0} f {0} g {0} h {0} i"
GOLD = '[gold.t]\nabout = "-"\nkey = ["a"]\nfresh_hours = 36\ncolumns.a = {{ type = "int"{0} }}\n'


@pytest.mark.parametrize("delimiter", dialect.DELIMITERS)
@pytest.mark.parametrize("foreign", ["", *FOREIGN])
@pytest.mark.parametrize("hint", ["", "sep={}\r\n", "\ufeff"])
def test_check_and_jobs_divide_a_file_by_the_same_character(delimiter, foreign, hint):
    header = delimiter.join([*ORDERS.source_names, f'"{CELL.format(foreign)}"'])
    row = delimiter.join("1" for _ in range(9))
    content = f"{hint.format(delimiter)}{header}\n{row}\n".encode()
    sample = drift.sample(MRHEALTH_SALES.sources, "a.csv", content, whole=True)
    assert drift.known_by(MRHEALTH_SALES.sources, sample.header).name == "orders"
    assert csv_text.table_of(MRHEALTH_SALES.sources, content).name == "orders"
    [record] = csv_text.records_of(ORDERS, content)
    assert record.fields == sample.rows[0][:8] == ("1",) * 8


def test_an_object_nested_too_deep_is_one_bad_line_for_both():
    content = b'{"a": "1"}\n{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    assert drift.sample([], "a.jsonl", content, whole=True).rows == (("1",),)
    table = Table("t", (Column("a", "int"),), ("a",))
    assert [record.reason for record in csv_text.records_of(table, as_csv(content))] == [None, "wrong_column_count"]


def test_the_package_travels_in_both_zips_and_needs_nothing_else(tmp_path):
    """Python without site-packages, and with the zip alone on its path."""
    settings = Settings()
    packed = package(settings.jobs_dir, settings.time_limit_script, ingest_dir=settings.ingest_dir)
    modules = {path.stem for path in Path(nightshift_contract.__file__).parent.glob("*.py")} - {"__init__"}
    names = ", ".join(sorted(modules))
    for name, content in {"jobs.zip": packed.archive, "ingest.zip": packed.files["ingest.zip"]}.items():
        (tmp_path / name).write_bytes(content)
        code = f"import sys; sys.path.insert(0, sys.argv[1]); from nightshift_contract import {names}"
        subprocess.run([sys.executable, "-I", "-S", "-c", code, str(tmp_path / name)], check=True)


@pytest.mark.parametrize(
    ("engine", "family"), [("aurora-postgresql", "postgres"), ("postgres", "postgres"), ("aurora-mysql", "mysql")]
)
def test_an_engine_is_known_by_every_name_that_amazon_rds_writes(engine, family):
    text = f'{{"engine": "{engine}", "host": "DB", "dbname": "d", "username": "u", "password": "hidden"}}'
    address = secret.parsed(text)
    assert (address.family, address.port) == (family, secret.PORTS[family])
    assert address.identity == f"{family}://db:{secret.PORTS[family]}/d" and "hidden" not in repr(address)


def test_a_secret_says_what_it_lacks_and_nothing_that_it_has():
    with pytest.raises(ValueError, match="it lacks host, dbname, username; write it") as odd:
        secret.parsed('{"engine": "postgres", "password": "hidden"}')
    assert "hidden" not in str(odd.value)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (', personal = "yes"', "gold.t has 'yes' for 'personal': expected true or false in column a"),
        (", required = true", "gold.t has the unknown key 'required' in column a"),
        (', about = ["-"]', "gold.t has ['-'] for 'about': expected a string in column a"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(spec, fault):
    with pytest.raises(ContractError) as wrong:
        parsed(GOLD.format(spec))
    assert fault in str(wrong.value)


WORDS = {"about", "drift", "min_rows", "fresh_hours"}  # keys that change no row of gold
OTHER = {  # another value of each key, by its field
    "type": "bigint",
    "names": ("of_old",),
    "default": "0",
    "one_of": ("a",),
    "reason": "odd",
    "digits": 3,
    "key": ("order_id",),
    "files": "venda",
    "locale": "",
    "format": "parquet",
    "about": "other words",
    "drift": {"added": "refuse"},
    "min_rows": 7,
    "fresh_hours": 7.5,
}


def test_a_digest_has_sixteen_characters_and_a_column_more_is_another():
    given = contract("mrhealth_sales")
    orders = given.sources["orders"]
    wider = replace(orders, columns=(*orders.columns, Column("tip", "int")))
    assert len(given.digest) == 16
    assert replace(given, sources={**given.sources, "orders": wider}).digest != given.digest


@pytest.mark.parametrize("section", ["sources", "gold"])
def test_what_decides_the_gold_changes_the_digest_and_words_do_not(section):
    given = contract("mrhealth_sales")
    name, table = next(iter(getattr(given, section).items()))
    column, *others = table.columns
    changed = {
        **{f"{key} of a table": replace(table, **{key: changed_value(table, key)}) for key in keys(table)},
        **{
            f"{key} of a column": replace(
                table, columns=(replace(column, **{key: changed_value(column, key)}), *others)
            )
            for key in keys(column)
        },
    }
    same = {
        what
        for what, now in changed.items()
        if replace(given, **{section: {**getattr(given, section), name: now}}).digest == given.digest
    }
    assert same == {what for what in changed if what.split()[0] in WORDS}


def keys(of):
    return [field.name for field in fields(of) if "key" in field.metadata]


def changed_value(of, key):
    now = getattr(of, key)
    if key == "locale":
        return "" if now else PT_BR
    return not now if isinstance(now, bool) else OTHER[key]


TABLE = Table(
    "t",
    (
        *(Column("shop", "string", required=True), Column("day", "date", required=True)),
        *(Column("pieces", "int"), Column("price", "decimal(18,2)", required=True)),
    ),
    ("shop",),
)


@pytest.mark.parametrize(
    ("cells", "may_be"),
    [
        (["a", "2026-01-02", "3", "1,50"], True),
        (["a", "2026-01-02", "", "1,50"], True),  # what may be empty is no fault
        (["", "2026-01-02", "", "1,50"], True),  # one fault, beside two that are right
        (["a", "2026-01-02", "many", "1,50"], True),
        (["a", "2026-01-02", "", "much"], False),  # one fault, beside one
        (["", "2026-01-02", "", "much"], False),
        (["a", "soon", "many", "1,50"], False),  # two
        (["", "", "", ""], False),
        (["shop", "day", "pieces", "price"], False),
    ],
)
def test_text_is_a_row_with_one_fault_at_most(cells, may_be):
    assert TABLE.may_be(cells) is may_be


def test_text_of_another_width_is_no_question():
    with pytest.raises(ValueError, match="zip"):
        TABLE.may_be(["a"])


def test_a_table_may_stand_in_a_set_though_its_rules_of_drift_are_a_mapping():
    assert len({TABLE, TABLE, replace(TABLE, drift={"added": "refuse"})}) == 2
