"""Whole nights of mrhealth_sales on generated and on hand-made drops."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datagen import Shape, generate_mrhealth
from medallion.errors import NoInputError

P = "mrhealth_sales"
TO_SILVER = "bronze,silver"
D1, D2, D3 = "2025-12-29", "2025-12-30", "2025-12-31"
ORDERS = "Id_Unidade,Id_Pedido,Tipo_Pedido,Data_Pedido,Vlr_Pedido,Endereco_Entrega,Taxa_Entrega,Status\n"
ITEMS = "Id_Pedido,Id_Item_Pedido,Id_Produto,Qtd,Vlr_Item,Observacao\n"


@pytest.fixture(scope="module")
def night(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three generated days with everything wrong that can be, through every layer; with the generator's truth."""
    data = tmp_path_factory.mktemp("night") / "data"
    truth = generate_mrhealth(data, data.with_name("truth.json"), Shape(units=5, orders=12))
    lake = new_lake()
    for day in truth:
        lake.run(P, day.isoformat(), data / "csv_sales", data / "reference_data")
    return lake, {day.isoformat(): t.as_dict() for day, t in truth.items()}, data


@pytest.mark.parametrize("day", [D1, D2, D3])
@pytest.mark.parametrize("layer", ["bronze", "silver"])
def test_every_row_ends_where_the_generator_says(night: Any, day: str, layer: str) -> None:
    lake, truth, _ = night
    counts = lake.counts(P, day, layer)
    for table, expected in truth[day][layer].items():
        assert {key: counts[table][key] for key in expected} == expected, table


@pytest.mark.parametrize("day", [D1, D2, D3])
@pytest.mark.parametrize("table", ["sales_by_branch_day", "product_sales"])
def test_gold_is_what_the_generator_sold(night: Any, day: str, table: str) -> None:
    lake, truth, _ = night
    expected = truth[day]["gold"][table]
    found = lake.gold(P, day, table)
    as_told = [{k: str(v) if isinstance(v, date | Decimal) else v for k, v in row.items()} for row in found]
    # The truth does not repeat names; keys and amounts are what it tells.
    assert [{k: row[k] for k in expected[0]} for row in as_told] == expected


@pytest.mark.parametrize("layer", ["bronze", "silver"])
def test_the_quarantine_holds_what_the_manifest_counts_with_raw_text_and_place(night: Any, layer: str) -> None:
    lake, _, _ = night
    for day in (D1, D2, D3):
        for table, count in lake.counts(P, day, layer).items():
            rows = lake.quarantine(layer, P, table, day)
            assert len(rows) == count["quarantined"]
            for row in rows:
                assert row["layer"] == layer and row["source_file"] and row["detail"]
                assert row["line"] == 0 or row["raw"], row


def test_a_file_without_rows_is_told_from_a_missing_one(night: Any) -> None:
    lake, truth, _ = night
    assert truth[D3]["bronze"]["orders"]["reasons"]["empty_file"] == 1
    [empty] = [row for row in lake.quarantine("bronze", P, "orders", D3) if row["reason"] == "empty_file"]
    assert empty["unit_id"] == 3 and "unit_003" in empty["source_file"]


def test_the_manifest_of_gold_measures_what_was_staged(night: Any) -> None:
    lake, _, _ = night
    staged = {table["table"]: table for table in lake.manifest(P, D2, "gold")["gold"]}
    for name, table in staged.items():
        assert table["path"].endswith(f"/gold/{name}")
        assert (table["null_keys"], table["duplicate_keys"]) == (0, 0)
        assert table["rows"] >= len(lake.gold(P, D2, name))
    late = [D1, D2]  # D2 brings orders of D1
    of_days = {"sales_by_branch_day": late, "sales_by_branch_year": late, "product_sales": late}
    assert {name: list(table["days"]) for name, table in staged.items() if table["days"]} == of_days
    assert staged["product_sales"]["schema"] == {
        "product_id": "int",
        "product": "string",
        "quantity": "bigint",
        "gross_value": "decimal(18,2)",
        "finished_quantity": "bigint",
        "revenue": "decimal(18,2)",
    }


def test_a_night_run_twice_gives_the_same(night: Any) -> None:
    lake, _, data = night
    before = {layer: lake.counts(P, D2, layer) for layer in ("bronze", "silver", "gold")}
    gold = {(day, t): lake.gold(P, day, t) for day in (D1, D2, D3) for t in ("sales_by_branch_day", "product_sales")}
    after = lake.run(P, D2, data / "csv_sales", data / "reference_data")
    assert (
        after["silver"]["orders"]["reasons"].pop("superseded")
        == before["silver"]["orders"]["reasons"].pop("superseded", 0) + 1
    )
    assert {(day, t): lake.gold(P, day, t) for day, t in gold} == gold
    assert "restated" not in lake.manifest(P, D2, "gold")


def order(unit: int, number: int, day: str, value: str = "10.00") -> str:
    return f"{unit},{number},Loja Online,{day},{value},Rua A,0.00,Finalizado\n"


def item(number: int, product: int = 1) -> str:
    return f"{number},1,{product},1,10.00,\n"


def test_a_flat_drop_brings_its_own_history_names_no_unit_and_alarms_nobody(lake: Any, drop: Any) -> None:
    days = ("2023-05-05", "2024-05-05", D1)
    files = {
        "PEDIDO.csv": ORDERS + "".join(order(1, number, day) for number, day in enumerate(days)),
        "UNIDADE.csv": "Id_Unidade,Nome_Unidade,Id_Estado\n2,Praia,11\n",
    }
    assert lake.run(P, D1, drop(files))["silver"]["orders"]["accepted"] == 3
    years = [lake.gold(P, day, "sales_by_branch_year") for day in days]
    assert [(row["year"], row["branch"]) for rows in years for row in rows] == [
        (2023, None),
        (2024, None),
        (2025, None),
    ]
    assert lake.counts(P, D1, "silver")["orders"]["warnings"] == {"unknown_unit": 3}
    assert lake.gold(P, D1, "alerts") == lake.gold(P, D1, "stock_recommendations") == []


def test_a_mended_drop_clears_the_quarantine_of_its_day(lake: Any, drop: Any) -> None:
    bad = drop({"unit_001/pedido.csv": ORDERS + order(1, 1, D1, value="dez")}, "bad")
    good = drop({"unit_001/pedido.csv": ORDERS + order(1, 1, D1)}, "good")
    assert lake.run(P, D1, bad, layers=TO_SILVER)["silver"]["orders"]["reasons"] == {"bad_number": 1}
    assert lake.run(P, D1, good, layers=TO_SILVER)["silver"]["orders"]["quarantined"] == 0
    assert lake.quarantine("silver", P, "orders", D1) == []


def test_a_drop_of_nothing_but_trouble_still_gives_empty_gold(lake: Any, drop: Any) -> None:
    files = {
        "unit_001/pedido.csv": "",
        "unit_001/item_pedido.csv": ITEMS,
        "unit_002/pedido.csv": b"\xff\xfe\x00",
        "unit_002/foto.jpg": b"\xff\xd8",
        "unit_002/_parte.csv": "x",
    }
    counts = lake.run(P, D1, drop(files))
    assert counts["bronze"]["orders"]["reasons"] == {"empty_file": 1, "not_utf8": 1}
    assert counts["bronze"]["items"]["warnings"] == {"header_only_file": 1}
    assert counts["bronze"]["other_files"]["reasons"] == {"hidden_file": 1, "unknown_file": 1}
    assert lake.gold(P, D1, "sales_by_branch_day") == []
    rows = {t["table"]: t["rows"] for t in lake.manifest(P, D1, "gold")["gold"]}
    assert rows.pop("alerts") == 2
    assert set(rows.values()) == {0}
    assert [(a["unit_id"], a["kind"], a["severity"]) for a in lake.gold(P, D1, "alerts")] == [
        (2, "missing_file", "critical"),
        (1, "missing_file", "warning"),
    ]


def test_a_date_whose_folder_is_missing_is_refused_and_not_replaced_by_other_dates(lake: Any, drop: Any) -> None:
    drops = drop({"2025/12/29/unit_001/pedido.csv": ORDERS + order(1, 1, D1)})
    with pytest.raises(NoInputError, match=r"no .*2025/12/30"):
        lake.run(P, D2, drops)


def test_an_empty_folder_is_no_input(lake: Any, tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="no file at"):
        lake.run(P, D1, tmp_path)


def test_a_layer_asks_for_the_one_before(lake: Any, tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="run the bronze layer"):
        lake.run(P, D1, tmp_path, layers="silver")
