"""Fifty units, each with its own trouble, in one night: nothing is lost, nobody else is harmed, reasons are right."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from medallion.csv_text import Record
from medallion.packing import FileRefused, unpacked
from medallion.storage import is_hidden
from mrhealth_sales.jobs.bronze import rows_of
from mrhealth_sales.jobs.tables import ITEMS, ORDERS, unit_of
from nightshift_contract.charset import as_utf8
from nightshift_contract.model import Table
from tests.spark_jobs.conftest import LocalLake
from tests.spark_jobs.mutations import DAY, FILE_MUTATIONS, MUTATIONS, Files, mutated
from tests.spark_jobs.test_csv_mutations import assert_every_line_is_in_one_record

P = "mrhealth_sales"
UNITS = 50
SOUND = frozenset(range(1, UNITS + 1, 10))  # these stay as they should be
TABLES = {"pedido.csv": ("orders", ORDERS), "item_pedido.csv": ("items", ITEMS)}
REFERENCE = {
    "produto.csv": "Id_Produto,Nome_Produto\n" + "".join(f"{n},Prato {n}\n" for n in range(1, 6)),
    "unidade.csv": "Id_Unidade,Nome_Unidade,Id_Estado\n" + "".join(f"{n},Filial {n},1\n" for n in range(1, UNITS + 1)),
    "estado.csv": "Id_Estado,Id_Pais,Nome_Estado\n1,BR,SP\n",
    "pais.csv": "Id_Pais,Nome_Pais\nBR,Brasil\n",
}
# Each mutation alone in a unit of its own, then pairs of neighbours: what no luck should leave untried.
EACH = [[(m, 7919 * n)] for n, m in enumerate(MUTATIONS)] + [
    [(a, 104729 + n), (b, 1299709 * n)] for n, (a, b) in enumerate(zip(MUTATIONS, MUTATIONS[5:], strict=False))
]
FEW = settings(
    max_examples=max(1, settings.default.max_examples // 100 - 1),
    phases=[Phase.explicit, Phase.generate],  # an example costs a Spark night: the message names the unit instead
)


class Night:
    """A drop of fifty units through every layer, and all that came out of it."""

    def __init__(self, spark: Any, root: Path, troubles: list[Any]) -> None:
        self.lake, self.root = LocalLake(spark, root / "lake"), root
        made = {u: mutated(u, [] if u in SOUND else troubles[u % len(troubles)]) for u in range(1, UNITS + 1)}
        self.drops: dict[int, Files] = {unit: files for unit, (files, _) in made.items()}
        # Whatever spoils an order leaves its items alone; a digit that changes makes another year of a date.
        self.may = {u: reasons and {*reasons, "orphan_item", "date_out_of_range"} for u, (_, reasons) in made.items()}
        self._write()
        self.counts = self.lake.run(P, DAY, root / "drop", root / "reference")

    def _write(self) -> None:
        files = {f"drop/unit_{u:03d}/{name}": c for u, drop in self.drops.items() for name, c in drop.items()}
        files |= {f"reference/{name}": text.encode() for name, text in REFERENCE.items()}
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(content)

    def kept(self, layer: str, table: str) -> list[dict[str, Any]]:
        return self.lake.held(P, f"current_{table}") if layer == "silver" else self.lake.rows(layer, P, table, DAY)

    def refused(self, layer: str, table: str) -> list[dict[str, Any]]:
        return self.lake.quarantine(layer, P, table, DAY)


def place(row: dict[str, Any]) -> tuple[str, int]:
    return row["source_file"], row["line"]


def content(row: dict[str, Any], source: Table) -> tuple[Any, ...]:
    return (row["unit_id"], *((row[column] or "").strip() for column in source.source_names))


def readable(content: bytes) -> bytes:
    """The text of a file in UTF-8; nothing of one that is refused whole."""
    try:
        return as_utf8(unpacked(content))[0]
    except FileRefused:
        return b""


def assert_bronze_holds_every_line_of_every_file(night: Night) -> None:
    for table, _ in TABLES.values():
        found = defaultdict(list)
        for row in night.kept("bronze", table) + night.refused("bronze", table):
            encoding = row.get("raw_encoding", "text")
            found[row["source_file"]].append(Record(row["line"], None, row["raw"], encoding))
        files = {
            f"file:{night.root}/drop/unit_{unit:03d}/{name}": readable(content)
            for unit, files in night.drops.items()
            for name, content in files.items()
            if not is_hidden(name) and next(rows_of(f"/unit_{unit:03d}/{name}", content))[0] == table
        }
        assert found.keys() <= files.keys()
        for uri, content in files.items():
            records = [r for r in found[uri] if r.line]
            if found[uri] and not records:
                assert not content.removeprefix(b"\xef\xbb\xbf").strip(), uri  # empty: one row for the file as such
            assert_every_line_is_in_one_record(content, records)
        assert night.counts["bronze"][table]["rows_in"] == sum(map(len, found.values()))


def assert_silver_judges_every_row_of_bronze_once(night: Night) -> None:
    for table, source in TABLES.values():
        arrived = {place(r): r for r in night.kept("bronze", table)}
        kept = {place(r) for r in night.kept("silver", table)}
        refused = {place(r) for r in night.refused("silver", table)}
        copies = arrived.keys() - kept - refused
        count = night.counts["silver"][table]
        assert not kept & refused and kept | refused <= arrived.keys()
        assert (count["rows_in"], count["duplicates"]) == (len(arrived), len(copies))
        # A copy stands for a row that counts, or for one that only other rows refused.
        by_others = {place(r) for r in night.refused("silver", table) if r["reason"] in {"orphan_item", "superseded"}}
        contents = {content(arrived[p], source) for p in kept | by_others}
        assert {content(arrived[p], source) for p in copies} <= contents


def assert_reasons_are_those_of_the_trouble(night: Night) -> None:
    for layer in ("bronze", "silver"):
        for table in (*(t for t, _ in TABLES.values()), "other_files"):
            for row in night.refused(layer, table):
                unit = unit_of(row["source_file"])
                assert unit is not None and row["reason"] in night.may[unit], (layer, row["reason"], row["source_file"])
                assert row["detail"] and (row["raw"] or not row["line"])


def assert_sound_units_are_as_if_alone(night: Night) -> None:
    orders, items = (Counter(row["unit_id"] for row in night.kept("silver", table)) for table in ("orders", "items"))
    by_day = night.lake.gold(P, DAY, "sales_by_branch_day")
    gold = {row["unit_id"]: row for row in by_day if str(row["order_date"]) == DAY}
    for unit in SOUND:
        assert (orders[unit], items[unit]) == (4, 8)
        values = [Decimal(10 * n + unit) + Decimal("0.50") for n in range(1, 5)]
        row = gold[unit]
        assert (row["orders"], row["gross_value"], row["delivery_fees"]) == (4, sum(values), Decimal("5.00"))
        assert (row["branch"], row["state"], row["country"]) == (f"Filial {unit}", "SP", "Brasil")


def assert_gold_adds_up_from_silver(night: Night) -> None:
    sales: Counter[Any] = Counter()
    for row in night.kept("silver", "orders"):
        sales[row["order_date"], row["unit_id"]] += row["order_value"]
    pieces: Counter[Any] = Counter()
    for row in night.kept("silver", "items"):
        pieces[row["product_id"]] += row["quantity"] * row["item_value"]
    by_day = {(r["order_date"], r["unit_id"]): r["gross_value"] for r in night.lake.published(P, "sales_by_branch_day")}
    assert by_day == dict(sales)
    sold: Counter[Any] = Counter()
    for row in night.lake.published(P, "product_sales"):
        sold[row["product_id"]] += row["gross_value"]
    assert sold == pieces


@FEW
@given(troubles=st.lists(FILE_MUTATIONS, min_size=UNITS, max_size=UNITS))
@example(troubles=EACH)
def test_a_night_over_mutated_drops(spark: Any, troubles: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        night = Night(spark, Path(folder), troubles)
        assert_bronze_holds_every_line_of_every_file(night)
        assert_silver_judges_every_row_of_bronze_once(night)
        assert_reasons_are_those_of_the_trouble(night)
        assert_sound_units_are_as_if_alone(night)
        assert_gold_adds_up_from_silver(night)
