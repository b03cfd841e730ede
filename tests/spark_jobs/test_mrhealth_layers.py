"""Whole nights of mrhealth_sales on generated and on hand-made drops."""

import os
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datagen import Shape, generate_mrhealth
from medallion import page
from medallion.errors import NoInputError
from medallion.lake import Lake

P = "mrhealth_sales"
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


def test_the_refused_rows_of_a_page_have_one_of_each_reason(night: Any) -> None:
    """Of a file without a column that has more rows than a page shows, the other reasons are shown too."""
    lake = night[0]
    run = SimpleNamespace(lake=str(lake.root), pipeline=P, business_date=D3, spark=lake.spark)
    here = Lake(run)
    first = page.collected(page._quarantine(here))[page.QUARANTINE]
    shown = page._of_each_reason(here, first)
    counts = [(layer, table, c) for layer in ("bronze", "silver") for table, c in lake.counts(P, D3, layer).items()]
    reasons = {(layer, table, reason) for layer, table, count in counts for reason in count["reasons"]}
    told = [{(row["layer"], row["table"], row["reason"]) for row in rows} for rows in (first, shown)]
    assert (len(first), len(shown)) == (page.REFUSED_ROWS,) * 2
    assert len(told[0]) < len(told[1]) == min(len(reasons), page.REFUSED_ROWS) and told[1] <= reasons
    places = [(row["layer"], row["source_file"], row["line"]) for row in shown]
    assert places == sorted(places)


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
    of_days = dict.fromkeys(
        ("sales_by_branch_day", "sales_by_branch_year", "product_sales", "sales_by_product_branch_day"), late
    )
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


def test_a_drop_of_nothing_but_trouble_still_gives_empty_gold(lake: Any, drop: Any) -> None:
    files = {
        "unit_001/pedido.csv": "",
        "unit_001/item_pedido.csv": ITEMS,
        "unit_002/pedido.csv": b"\xff\xfe\x00",
        "unit_002/foto.jpg": b"\xff\xd8",
        "unit_002/_parte.csv": "x",
    }
    counts = lake.run(P, D1, drop(files))
    assert counts["bronze"]["orders"]["reasons"] == {"empty_file": 1, "not_text": 1}
    assert counts["bronze"]["items"]["warnings"] == {"header_only_file": 1}
    assert counts["bronze"]["other_files"]["reasons"] == {"hidden_file": 1, "unknown_file": 1}
    assert lake.gold(P, D1, "sales_by_branch_day") == []
    rows = {t["table"]: t["rows"] for t in lake.manifest(P, D1, "gold")["gold"]}
    assert rows.pop("alerts") == 5  # two units lack files; one sent two that nobody can read; neither has a history
    assert set(rows.values()) == {0}
    assert [(a["unit_id"], a["kind"], a["severity"]) for a in lake.gold(P, D1, "alerts")] == [
        (2, "missing_file", "critical"),
        (2, "unreadable_delivery", "critical"),
        (1, "missing_file", "warning"),
        (1, "not_judged", "info"),
        (2, "not_judged", "info"),
    ]
    assert lake.manifest(P, D1, "gold")["alerts"]["total"] == 3


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


OFFICE = {
    "Tabela_Produto.csv": "Id_Produto;Nome_Produto\n101;Suco\n102;Sopa\n",
    "Tabela_Unidade.csv": "Id_Unidade;Nome_Unidade;Id_Estado\n1;A;SP\n2;B;SP\n3;C;SP\n4;D;SP\n",
    "Tabela_Estado.csv": "Id_Estado;Id_Pais;Nome_Estado\nSP;BR;São Paulo\n",
    "Tabela_Pais.csv": "Id_Pais;Nome_Pais\nBR;Brasil\n",
}


def sent(unit: int, number: str, value: str, day: str = D1) -> str:
    return f"{unit},{number},Loja Online,{day},{value},Rua A,0.00,Finalizado\n"


@pytest.fixture(scope="module")
def people(new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A night of four units whose files were made by people: what each row of the table of alerts and gold says."""
    root = tmp_path_factory.mktemp("people")
    excel_orders = (
        "Id_Unidade;Id_Pedido;Tipo_Pedido;Data_Pedido;Vlr_Pedido;Endereco_Entrega;Taxa_Entrega;Status\r\n"
        "1;1;Loja Online;29/12/2025;1.234,56;Praça A;12,50;Finalizado\r\n"
        "1;2;Loja Física;29/12/2025;45,00;;;Finalizado\r\n"
    )
    excel_items = "Id_Pedido;Id_Item_Pedido;Id_Produto;Qtd;Vlr_Item;Observacao\r\n1;1;101;1.000;5,00;não\r\n"
    notes = ['"sem cebola', "", "", 'na travessa de 12"', "x"]
    swallowing = "".join(f"5,{n},101,2,5.00,{note}\n" for n, note in enumerate(notes))
    files: dict[str, str | bytes] = {
        "drop/unit_001/PEDIDO - Copia.csv": excel_orders.encode("cp1252"),
        "drop/unit_001/itens vendidos.txt": excel_items.encode("cp1252"),
        "drop/unit_002/pedido.csv": ORDERS
        + sent(2, "1", "105.00")
        + sent(2, "2", "20.00")
        + sent(2, "9", "9", "2052-12-29"),
        "drop/unit_002/pedido (1).csv": ORDERS + sent(2, "1", "1105.00") + sent(2, "3", "1.00"),
        "drop/unit_002/item_pedido.csv": ITEMS,
        "drop/unit_002/relatorio.pdf": b"%PDF-1.7 \xff",
        "drop/unit_002/.DS_Store": b"\0\1",
        "drop/unit_003/pedidos.csv": ORDERS
        + sent(3, "4.69E+11", "10.00")
        + sent(3, "4.69E11", "20.00")
        + sent(3, "469.0E+9", "20.00")
        + sent(3, "#N/D", "20.00")
        + sent(3, "3", "30.00")
        + sent(3, "00017", "40.00")
        + sent(3, "17.0", "50.00")
        + sent(3, "1.001", "60.00"),
        "drop/unit_003/item_pedido.csv": ITEMS + '17,1,101,1,50.00,\n\ufeff"=""1001""",1,101,1,60.00,\n',
        "drop/unit_004/pedido.csv": ORDERS + sent(4, "5", "100.00"),
        "drop/unit_004/item_pedido.csv": ITEMS + swallowing,
        **{f"office/{name}": text for name, text in OFFICE.items()},
    }
    for n, (path, content) in enumerate(files.items()):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.utime(file, (1_767_300_000 + n, 1_767_300_000 + n))
    lake = new_lake()
    counts = lake.run(P, D1, root / "drop", root / "office", most_refused_of_unit=0.05)
    return lake, counts


def test_what_people_name_and_excel_writes_is_sold(people: Any) -> None:
    lake, counts = people
    sold = {row["unit_id"]: (row["orders"], row["gross_value"]) for row in lake.gold(P, D1, "sales_by_branch_day")}
    assert sold == {
        1: (2, Decimal("1279.56")),
        2: (3, Decimal("1126.00")),
        3: (3, Decimal("140.00")),
        4: (1, Decimal("100.00")),
    }
    [suco] = lake.gold(P, D1, "product_sales")
    assert (suco["quantity"], suco["gross_value"]) == (1000 + 2 + 4 * 2, Decimal("5150.00"))
    assert counts["bronze"]["orders"]["warnings"] == {"brazilian_notation": 1, "cp1252_file": 1}
    assert counts["silver"]["orders"]["reasons"] == {
        "clashing_key": 1, "date_out_of_range": 1, "rewritten_code": 4, "superseded": 1}  # fmt: skip
    assert counts["silver"]["orders"]["lost"] == 6, "all but the order that a later file corrected"


@pytest.fixture(scope="module")
def flat(people: Any, new_lake: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same date once more: a drop without folders of units, which nobody could refuse."""
    days = ("2023-05-05", "2024-05-05", D1)
    drop, lake = tmp_path_factory.mktemp("flat"), new_lake()
    (drop / "PEDIDO.csv").write_text(ORDERS + "".join(order(1, number, day) for number, day in enumerate(days)))
    (drop / "UNIDADE.csv").write_text("Id_Unidade,Nome_Unidade,Id_Estado\n2,Praia,11\n")
    shutil.copytree(people[0].root, lake.root, dirs_exist_ok=True)
    return lake, lake.run(P, D1, drop), days


def test_a_flat_drop_brings_its_own_history_names_no_unit_and_alarms_nobody(flat: Any) -> None:
    lake, counts, days = flat
    assert counts["silver"]["orders"]["accepted"] == 3
    years = [lake.gold(P, day, "sales_by_branch_year") for day in days]
    assert [(row["year"], row["branch"]) for rows in years for row in rows] == [
        (2023, None),
        (2024, None),
        (2025, None),
    ]
    assert counts["silver"]["orders"]["warnings"] == {"unknown_unit": 3}
    assert lake.gold(P, D1, "alerts") == lake.gold(P, D1, "stock_recommendations") == []


def test_a_mended_drop_clears_the_quarantine_of_its_day(people: Any, flat: Any) -> None:
    (bad, _), (lake, counts, _) = people, flat
    assert bad.quarantine("silver", P, "orders", D1) and bad.quarantine("bronze", P, "other_files", D1)
    assert counts["silver"]["orders"]["quarantined"] == 0
    assert lake.quarantine("silver", P, "orders", D1) == lake.quarantine("bronze", P, "other_files", D1) == []


def test_a_unit_of_which_much_was_refused_or_a_file_unread_is_told_and_counted_as_grave(people: Any) -> None:
    lake, _ = people
    told = {(a["unit_id"], a["metric"]): (a["kind"], a["severity"], a["observed"]) for a in lake.gold(P, D1, "alerts")}
    unreadable = {place: alert[2] for place, alert in told.items() if alert[:2] == ("unreadable_delivery", "critical")}
    assert unreadable == {
        (2, "unread_files"): Decimal("1.0000"),
        (2, "refused_share"): Decimal("0.2000"),
        (3, "refused_share"): Decimal("0.5000"),
        (3, "refused_value_share"): Decimal("0.4400"),
        (4, "refused_share"): Decimal("0.1667"),
    }
    assert {(alert[0], place[1]) for place, alert in told.items() if place not in unreadable} == {
        ("not_judged", "same_weekdays")
    }
    [message] = [a["message"] for a in lake.gold(P, D1, "alerts") if a["metric"] == "unread_files"]
    assert message == "unit 2: relatorio.pdf of 2025-12-29 could not be read"
    assert lake.manifest(P, D1, "gold")["alerts"]["grave"] == 5
