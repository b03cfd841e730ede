"""A replay: what was refused is judged again out of the quarantine alone, after its files are gone."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from medallion.replay import Refused, csv_again
from mrhealth_sales.jobs.tables import ITEMS
from nightshift_contract.reading import contract

P, DAY = "mrhealth_sales", "2025-12-29"
HEADER = "Id_Pedido;Id_Item_Pedido;Id_Produto;Qtd;Vlr_Item;Observacao"
OFFICE = {
    "ref/produto.csv": "Id_Produto;Nome_Produto\n1;Pão\n",
    "ref/unidade.csv": "Id_Unidade;Nome_Unidade;Id_Estado\n1;Um;SP\n",
    "ref/estado.csv": "Id_Estado;Id_Pais;Nome_Estado\nSP;BR;São Paulo\n",
    "ref/pais.csv": "Id_Pais;Nome_Pais\nBR;Brasil\n",
}
ORDERS = "Id_Unidade;Id_Pedido;Tipo_Pedido;Data_Pedido;Vlr_Pedido;Endereco Entrega;Taxa_Entrega;Status\n"


def refused(line: int, raw: str, header: str | None = HEADER, reason: str = "wrong_column_count") -> Refused:
    return Refused(line, reason, "why", raw, "text", header)


def again(*rows: Refused) -> list[tuple[int, tuple[str, ...] | None, str | None]]:
    return [(r.line, r.fields, r.reason) for r in csv_again(ITEMS, rows)]


def test_a_row_is_read_under_the_header_it_stood_under() -> None:
    assert again(refused(7, "1;2;3;4;5.00;")) == [(7, ("1", "2", "3", "4", "5.00", ""), None)]


def test_a_row_that_is_still_bad_stays_refused_under_its_line_and_can_be_judged_once_more() -> None:
    [record] = csv_again(ITEMS, [refused(7, "1;2;3")])
    assert (record.line, record.reason, record.header) == (7, "wrong_column_count", HEADER)


def test_a_file_that_was_refused_whole_is_put_together_again() -> None:
    rows = [refused(4, "9;2;3;4;5.00;x", None), refused(2, HEADER, None), refused(3, "8;1;3;4;5.00;", None)]
    assert [(line, fields[0]) for line, fields, _ in again(*rows)] == [(3, "8"), (4, "9")]


def test_what_stands_for_a_whole_file_stays_as_it_is() -> None:
    assert again(refused(0, "", None, "empty_file")) == [(0, None, "empty_file")]


def unit_files(item_header: str) -> dict[str, str]:
    return {
        "drop/unit_001/pedido.csv": f"{ORDERS}1;1;Loja Online;2025-12-29;5.00;;;Finalizado\n1;2;short\n",
        "drop/unit_001/item_pedido.csv": f"{item_header}\n1;1;1;2;2.50;\n1;2;1;1;1.00;\n",
    }


@pytest.fixture(scope="module")
def night(new_lake: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The lake of a night whose unit had renamed a column, up to silver, and where its files were, which are gone."""
    lake, root = new_lake(), tmp_path_factory.mktemp("renamed") / "in"
    for path, text in {**OFFICE, **unit_files(HEADER.replace("Qtd", "Quantidade"))}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    lake.run(P, DAY, root / "drop", root / "ref", layers="bronze,silver")
    shutil.rmtree(root)
    return lake, root


@pytest.fixture
def renamed(night: Any, lake: Any) -> Any:
    """That night's lake as it was, and a contract that knows the new name."""
    first, root = night
    shutil.copytree(first.root, lake.root, copy_function=shutil.copy2)
    quantity = next(column for column in contract(P).sources["items"].columns if column.name == "quantity")
    object.__setattr__(quantity, "names", ("qtd", "quantidade"))
    yield lake, root
    object.__setattr__(quantity, "names", ("qtd",))


def replayed(lake: Any, root: Path, layers: str = "bronze,silver,gold") -> Any:
    return lake.run(P, DAY, root / "drop", layers=layers, replay=True)


def test_rows_that_pass_after_a_fix_move_into_gold_and_a_second_replay_changes_nothing(renamed: Any) -> None:
    lake, root = renamed
    still_bad = lake.quarantine("bronze", P, "orders", DAY)
    assert len(lake.quarantine("bronze", P, "items", DAY)) == 3
    once = replayed(lake, root)
    assert once["bronze"]["items"]["accepted"] == once["silver"]["items"]["rows_in"] == 2
    assert lake.quarantine("bronze", P, "items", DAY) == []
    gold = lake.gold(P, DAY, "product_sales")
    [row] = gold
    assert (row["product"], row["quantity"], str(row["gross_value"])) == ("Pão", 3, "6.00")
    # What still fails stays in quarantine with its text.
    assert lake.quarantine("bronze", P, "orders", DAY) == still_bad
    assert [(row["line"], row["raw"], row["reason"]) for row in still_bad] == [(3, "1;2;short", "wrong_column_count")]
    assert (replayed(lake, root), lake.gold(P, DAY, "product_sales")) == (once, gold)


def test_a_replay_that_died_before_it_cleared_the_quarantine_adds_nothing_twice(renamed: Any) -> None:
    lake, root = renamed
    place = lake.root / "quarantine" / P / "bronze" / "items" / f"business_date={DAY}"
    shutil.copytree(place, lake.root / "kept")
    replayed(lake, root, layers="bronze")
    shutil.rmtree(place)
    shutil.copytree(lake.root / "kept", place)
    assert replayed(lake, root, layers="bronze")["bronze"]["items"]["accepted"] == 2


def test_text_that_was_read_in_the_wrong_encoding_is_replayed_in_the_right_one(
    lake: Any, drop: Any, a_day: str
) -> None:
    root = drop({"a.txt": "olá pão\n".encode("latin-1") + b"sim\n"})
    lake.run("wordcount", a_day, root)
    shutil.rmtree(root)
    counts = lake.run("wordcount", a_day, root, encoding="latin-1", replay=True)
    assert counts["bronze"]["lines"]["accepted"] == 2
    assert {row["word"] for row in lake.gold("wordcount", a_day, "word_counts")} == {"olá", "pão", "sim"}
