"""Contracts: read strictly, and everything that follows from them says the same."""

import tomllib
from pathlib import Path

import jsonschema
import pytest

from nightshift.contracts import contract
from nightshift.failures.errors import SettingsError
from nightshift.pipelines import PIPELINES, REGISTRY
from nightshift.report import product_page
from nightshift_contract import schema
from nightshift_contract.model import Column, Table

SCHEMA = jsonschema.Draft7Validator(schema.schema())
ROOT = Path(__file__).resolve().parents[2]
SOUND = """
[sources.sales]
about = "What was sold."
files = "venda"
key = ["sale_id"]
drift = { added = "ignore", dropped = "refuse", retyped = "refuse" }
columns.sale_id = { from = ["id"], type = "bigint" }

[gold.totals]
about = "How much."
key = ["day"]
fresh_hours = 36
columns.day = { type = "date" }
"""


def refused(tmp_path, text):
    (tmp_path / "shop.toml").write_text(text)
    with pytest.raises(SettingsError) as told:
        contract.read(tmp_path / "shop.toml")
    return str(told.value)


def test_a_sound_contract_is_read(tmp_path):
    (tmp_path / "shop.toml").write_text(SOUND)
    (source,), (table,) = contract.read(tmp_path / "shop.toml")
    assert (source.files, source.columns[0].names, table.types) == ("venda", ("id",), {"day": "date"})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (SOUND.replace("about", "abuot", 1), "sources.sales has the unknown key 'abuot'"),
        (SOUND.replace("fresh_hours = 36", ""), "gold.totals lacks the key 'fresh_hours'"),
        (SOUND.replace('key = ["day"]', 'key = ["dia"]'), "gold.totals has a key column that it does not define: dia"),
        (SOUND.replace('"ignore"', '"shrug"'), "sources.sales has the rule 'shrug' for columns that are added"),
        (SOUND.replace("type = ", "typ = "), "has the unknown key 'typ' in column sale_id"),
        (SOUND.replace("[gold", "[golden"), "it has the unknown section 'golden'"),
        ("[[", "cannot be read"),
    ],
)
def test_a_wrong_contract_is_refused_by_name(tmp_path, wrong, told):
    assert told in refused(tmp_path, wrong)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("about", "abuot"),
        ("fresh_hours = 36", ""),
        ('"ignore"', '"shrug"'),
        (', dropped = "refuse"', ""),
        ("type = ", "typ = "),
        ('"bigint"', "7"),
        ('["sale_id"]', '"sale_id"'),
        ('"bigint"', '"bigint", signed = 1'),
        ("[gold", "[golden"),
        ('files = "venda"', 'files = "venda"\nlocale = "pt"'),
        ('columns.day = { type = "date" }', ""),
    ],
)
def test_an_editor_marks_what_a_run_refuses(tmp_path, old, new):
    assert SCHEMA.is_valid(tomllib.loads(SOUND))
    wrong = SOUND.replace(old, new, 1)
    assert refused(tmp_path, wrong) and not SCHEMA.is_valid(tomllib.loads(wrong))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_contract_names_the_schema_that_it_keeps(name):
    file = ROOT / "pipelines" / name / "contract.toml"
    text = file.read_text(encoding="utf-8")
    named = file.parent / text.splitlines()[0].removeprefix("#:schema ")
    assert named.resolve() == ROOT / "docs" / "contract.schema.json"
    assert [fault.message for fault in SCHEMA.iter_errors(tomllib.loads(text))] == []


def test_the_schema_in_the_documentation_is_that_of_the_model():
    assert (ROOT / "docs" / "contract.schema.json").read_text(encoding="utf-8") == schema.text(), "run `make docs`"


def test_a_contract_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(SettingsError, match=r"shop\.toml cannot be read"):
        contract.read(tmp_path / "shop.toml")


def test_a_column_of_the_jobs_is_by_default_any_whole_number_of_nine_digits_that_may_be_missing():
    column = Column("sale_id", "bigint")
    assert (column.required, column.digits, column.signed) == (False, 9, False)
    assert (column.optional, column.personal, column.source) == (False, False, "sale_id")


def test_bronze_calls_a_column_by_the_first_of_its_names_and_the_lake_by_its_own():
    table = Table("sales", tuple(Column(name, "int", (f"{name}1", f"{name}2")) for name in "bac"), ("a",))
    assert table.source_names == ("b1", "a1", "c1")
    assert table.column("a") == table.columns[1]


@pytest.mark.parametrize("name", PIPELINES)
def test_the_page_of_a_product_tells_every_column(name):
    told = product_page.page(PIPELINES[name])
    for table in PIPELINES[name].gold:
        assert f"### {table.name}\n" in told
        assert all(f"| `{column}` | {kind} |" in told for column, kind in table.types.items())


@pytest.mark.parametrize("name", PIPELINES)
def test_the_page_in_the_documentation_is_that_of_the_contract(name):
    page = ROOT / "pipelines" / name / "product.md"
    assert page.read_text(encoding="utf-8") == product_page.whole(PIPELINES[name]), "run `make docs`"


def test_the_table_of_the_readme_has_every_pipeline():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert product_page.with_table(readme, ROOT, REGISTRY.packages.values()) == readme, "run `make docs`"
    assert all(f"(pipelines/{name}/product.md)" in readme for name in PIPELINES)
