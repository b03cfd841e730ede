"""What a cell delivers: input that no other cell has, and what the lake must hold of it, known without any Spark."""

import secrets
import string
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from datagen import Shape, generate_mrhealth
from tests.chaos.cells import SALES

DAY = date(2025, 6, 14)
RAW = "nightshift-local-raw"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Drop:
    """`files` by key in the raw bucket; `gold` is what each table must say, `rows` how many a layer's table holds."""

    prefix: str
    files: dict[str, bytes]
    gold: dict[str, Any]
    rows: dict[str, int]

    def deliver(self, s3: Any) -> None:
        for key, body in self.files.items():
            s3.put_object(Bucket=RAW, Key=key, Body=body)

    def withdraw(self, s3: Any) -> None:
        """Take everything away that lies where this drop belongs, also what an earlier one left."""
        for item in s3.list_objects_v2(Bucket=RAW, Prefix=self.prefix).get("Contents", []):
            s3.delete_object(Bucket=RAW, Key=item["Key"])


def words() -> Drop:
    """A few lines of text with a word of their own."""
    token = "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
    lines = ["o rato roeu a roupa do rei", *[f"a noite {token}"] * (2 + secrets.randbelow(40))]
    prefix = f"wordcount/{DAY:%Y/%m/%d}/"
    counts = Counter(" ".join(lines).split())
    rows = {"bronze/lines": len(lines), "silver/lines": len(lines)}
    return Drop(prefix, {f"{prefix}in.txt": "\n".join(lines).encode() + b"\n"}, {"word_counts": dict(counts)}, rows)


def sales(scratch: Path) -> Drop:
    """A sound day of two branches, with amounts of its own."""
    folder = scratch / secrets.token_hex(6)
    shape = Shape(secrets.randbelow(10**6), units=2, first_day=DAY, days=1, orders=4, faults=False)
    truth = generate_mrhealth(folder / "data", folder / "truth.json", shape)[DAY].as_dict()
    files = {
        f"mrhealth/{path.relative_to(folder / 'data').as_posix()}": path.read_bytes()
        for path in (folder / "data").rglob("*.csv")
    }
    rows = {f"silver/current_{table}": truth["silver"][table]["accepted"] for table in ("orders", "items")}
    return Drop(f"mrhealth/csv_sales/{DAY:%Y/%m/%d}/", files, _sold(truth["gold"]), rows)


def _sold(truth: dict[str, Rows]) -> dict[str, Any]:
    days = {(r["order_date"], r["unit_id"]): r["gross_value"] for r in truth["sales_by_branch_day"]}
    return {
        "sales_by_branch_day": days,
        "sales_by_branch_year": {(DAY.year, unit): value for (_, unit), value in days.items()},
        "product_sales": {r["product_id"]: r["gross_value"] for r in truth["product_sales"]},
    }


# How the rows of a gold table become what a drop says of it.
MEASURES: dict[str, Any] = {
    "word_counts": lambda r: (r["word"], r["occurrences"]),
    "sales_by_branch_day": lambda r: ((str(r["order_date"]), r["unit_id"]), str(r["gross_value"])),
    "sales_by_branch_year": lambda r: ((r["year"], r["unit_id"]), str(r["gross_value"])),
    "product_sales": lambda r: (r["product_id"], str(r["gross_value"])),
}


def measured(table: str, rows: Rows) -> Any:
    """A gold table's rows in the words of a Drop; a key that stands there twice makes it differ from any."""
    pairs = [MEASURES[table](row) for row in rows]
    return dict(pairs) if len(dict(pairs)) == len(pairs) else pairs


def of(dag: str, scratch: Path) -> Drop:
    """A new drop for a DAG."""
    return sales(scratch) if dag == SALES else words()
