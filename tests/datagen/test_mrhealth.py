"""Generated drops: the same for the same seed, of every kind of trouble, and true."""

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from datagen import Shape, generate_mrhealth
from datagen.__main__ import main

SMALL = Shape(units=6, days=3, orders=12)
DAY = date(2025, 12, 29)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gen") / "data"
    generate_mrhealth(out, out.with_name("truth.json"), SMALL)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(data: Path, tmp_path: Path) -> None:
    generate_mrhealth(tmp_path / "again", tmp_path / "t1.json", SMALL)
    generate_mrhealth(tmp_path / "other", tmp_path / "t2.json", Shape(seed=2, units=6, days=3, orders=12))
    assert contents(tmp_path / "again") == contents(data)
    assert contents(tmp_path / "other") != contents(data)


def test_a_unit_writes_the_same_whatever_the_size_of_the_chain(tmp_path: Path) -> None:
    for units in (2, 9):
        generate_mrhealth(tmp_path / f"{units}", tmp_path / "t.json", Shape(units=units, days=1, faults=False))
    small, big = contents(tmp_path / "2" / "csv_sales"), contents(tmp_path / "9" / "csv_sales")
    assert small.items() <= big.items()


def test_every_dialect_and_every_trouble_is_there(data: Path) -> None:
    files = contents(data)
    orders = [content for name, content in files.items() if name.lower().endswith("/pedido.csv")]
    assert any(content.startswith(b"\xef\xbb\xbf") for content in orders)
    assert {b";" in c.split(b"\n")[0] for c in orders if c} == {True, False}
    assert any(b"\r\n" in content for content in orders)
    assert any(b"Endereco Entrega" in c for c in orders) and any(b"ENDERECO ENTREGA" in c for c in orders)
    assert b"" in orders
    assert any(name.endswith("PEDIDO.csv") for name in files) and any("LEIA-ME" in name for name in files)
    assert "unit_002" in str(list(data.glob("csv_sales/2025/12/29/*")))
    assert "unit_002" not in str(list(data.glob("csv_sales/2025/12/30/*")))


def test_order_numbers_repeat_across_units_and_names_across_branches(tmp_path: Path) -> None:
    generate_mrhealth(tmp_path / "d", tmp_path / "t.json", Shape(units=9, days=1, faults=False))
    drops = tmp_path / "d" / "csv_sales" / "2025" / "12" / "29"
    first, second = (next(drops.glob(f"unit_{n:03d}/pedido.csv")).read_text().splitlines()[1] for n in (1, 2))
    assert first.split(",")[1] == second.split(";")[1] == "1"
    units = (tmp_path / "d" / "reference_data" / "unidade.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = [line.split(";")[1] for line in units]
    assert len(names) == 9 > len(set(names))


def test_every_reason_of_quarantine_appears(data: Path) -> None:
    days = json.loads(data.with_name("truth.json").read_text(encoding="utf-8"))["business_dates"].values()
    tables = [table for day in days for layer in ("bronze", "silver") for table in day[layer].values()]
    assert {reason for table in tables for reason in table["reasons"]} == {
        "bad_date",
        "bad_number",
        "clashing_key",
        "empty_file",
        "missing_column",
        "missing_value",
        "not_utf8",
        "nul_byte",
        "orphan_item",
        "unclosed_quote",
        "unit_mismatch",
        "unknown_file",
        "unknown_status",
        "unknown_type",
        "wrong_column_count",
    }


def test_the_truth_keeps_the_conservation_law(data: Path) -> None:
    days = json.loads(data.with_name("truth.json").read_text(encoding="utf-8"))["business_dates"]
    for day in days.values():
        for table, silver in day["silver"].items():
            assert silver["rows_in"] == day["bronze"].get(table, {"accepted": 0})["accepted"], table
            assert sum(silver["reasons"].values()) == silver["quarantined"]


def test_clean_data_adds_up_by_an_independent_reading(tmp_path: Path) -> None:
    shape = Shape(units=3, days=2, orders=8, faults=False)
    truth = generate_mrhealth(tmp_path / "d", tmp_path / "t.json", shape)
    gross = Decimal(0)
    for file in (tmp_path / "d" / "csv_sales").rglob("[pP]*edido.csv"):
        text = file.read_text(encoding="utf-8-sig")
        rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ",")
        gross += sum((Decimal(row["Vlr_Pedido"]) for row in rows), Decimal(0))
    days = [day.as_dict()["gold"]["sales_by_branch_day"] for day in truth.values()]
    assert sum(row["orders"] for day in days for row in day) == 3 * 2 * 8
    assert sum(Decimal(row["gross_value"]) for day in days for row in day) == gross


def test_an_order_is_worth_its_items_and_its_fee(tmp_path: Path) -> None:
    truth = generate_mrhealth(tmp_path / "d", tmp_path / "t.json", Shape(units=2, days=1, faults=False))
    gold = truth[DAY].as_dict()["gold"]
    worth = sum(Decimal(row["gross_value"]) for row in gold["product_sales"])
    fees = sum(Decimal(row["delivery_fees"]) for row in gold["sales_by_branch_day"])
    assert sum(Decimal(row["gross_value"]) for row in gold["sales_by_branch_day"]) == worth + fees


def test_truth_among_the_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["mrhealth", "--out", str(tmp_path), "--truth", str(tmp_path / "truth.json")])
    assert stop.value.code == 2
    assert "within the data" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--units", "--days", "--orders"])
def test_a_size_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str) -> None:
    with pytest.raises(SystemExit):
        main(["mrhealth", "--out", f"{tmp_path}/d", "--truth", f"{tmp_path}/t.json", flag, "0"])
    assert "must be 1 or more" in capsys.readouterr().err
