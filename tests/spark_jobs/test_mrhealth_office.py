"""Head office's tables out of a real PostgreSQL: the same gold as out of its files, and a history of names."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from medallion.errors import SourceError
from mrhealth_sales.local import mrhealth_files, reference_data
from tests.spark_jobs.conftest import SECRET, FirstNight

P, DAY = "mrhealth_sales", "2025-12-29"
TABLES = ("sales_by_branch_day", "sales_by_branch_year", "product_sales")


@pytest.fixture
def shop(first_night: FirstNight, tmp_path: Path) -> Path:
    """The files of that night, to go on with."""
    assert first_night.day == DAY
    return shutil.copytree(first_night.data, tmp_path / "shop")


@pytest.fixture
def office(shop: Path, postgresql: Any, opens: Any) -> Any:
    """Head office's database, filled from its files."""
    opens(postgresql.secret)
    do(postgresql, *(f"DROP TABLE IF EXISTS {table}" for table in mrhealth_files.TABLES))
    assert reference_data.make(postgresql, mrhealth_files.read(shop).reference)["unidade"] == 4
    return postgresql


def do(url: Any, *statements: str) -> None:
    with url.connected() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_gold_is_the_same_out_of_files_and_out_of_a_database_and_a_renamed_unit_keeps_its_old_name_the_day_before(
    lake: Any, first_night: FirstNight, shop: Any, office: Any
) -> None:
    counts = lake.run(P, DAY, shop / "csv_sales", secret=SECRET)
    for table in TABLES:
        assert lake.gold(P, DAY, table) == first_night.lake.gold(P, DAY, table)
    assert (counts["bronze"]["units"]["accepted"], counts["silver"]["units"]["rows_in"]) == (4, 4)
    [first, *_] = lake.rows("bronze", P, "countries", DAY)
    assert first["source_file"].startswith("postgres://127.0.0.1:") and first["source_file"].endswith("/pais")
    assert "coop" not in first["source_file"].rpartition("@")[0]
    before = lake.gold(P, DAY, "sales_by_branch_day")
    do(office, "UPDATE unidade SET nome_unidade = 'Mr. Health - Novo' WHERE id_unidade = 1")
    orders, items = ((shop / f"csv_sales/2025/12/29/unit_001/{name}.csv") for name in ("pedido", "item_pedido"))
    next_day = shop / "csv_sales/2025/12/30/unit_001"
    next_day.mkdir(parents=True, exist_ok=True)
    # The same once more, under other numbers: of the same orders it would be the latest version.
    dated = orders.read_text().replace(DAY, "2025-12-30")
    late = orders.read_text().splitlines()[1]  # and one of the day before, under a number of its own
    rows = "\n".join([*dated.splitlines(), re.sub(r"^1([;,])(\d)", r"1\g<1>8\2", late), ""])
    (next_day / "pedido.csv").write_text(re.sub(r"(?m)^1([;,])(\d)", r"1\g<1>9\2", rows))
    (next_day / "item_pedido.csv").write_text(re.sub(r"(?m)^(\d)", r"9\1", items.read_text()))
    lake.run(P, "2025-12-30", shop / "csv_sales", secret=SECRET)
    told = {
        row["unit_id"]: (row["branch"], row["orders"])
        for row in lake.published(P, "sales_by_branch_day")
        if str(row["order_date"]) == DAY
    }
    assert told == {row["unit_id"]: (row["branch"], row["orders"] + (row["unit_id"] == 1)) for row in before}
    assert {row["branch"] for row in lake.gold(P, "2025-12-30", "sales_by_branch_day")} == {"Mr. Health - Novo"}


def test_a_file_of_head_office_is_named_when_its_database_is_read(lake: Any, shop: Any, office: Any, drop: Any) -> None:
    order = (shop / "csv_sales/2025/12/29/unit_001/pedido.csv").read_bytes()
    root = drop({"unit_001/pedido.csv": order, "pais.csv": "Id_Pais;Nome_Pais\nXX;Errado\n"})
    counts = lake.run(P, DAY, root, layers="bronze", secret=SECRET)
    assert counts["bronze"]["other_files"]["reasons"] == {"misplaced_file": 1}
    assert {row["id_pais"] for row in lake.rows("bronze", P, "countries", DAY)}.isdisjoint({"XX"})


def test_a_table_that_head_office_dropped_is_told_by_name(lake: Any, shop: Any, office: Any) -> None:
    do(office, "DROP TABLE produto")
    with pytest.raises(SourceError, match="looking for produto"):
        lake.run(P, DAY, shop / "csv_sales", layers="bronze", secret=SECRET)
