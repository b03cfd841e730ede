"""Gold as CSV and as a workbook: the same cells, and nothing that a spreadsheet would run."""

import csv
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded.terminal import tables

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AT = "2025-12-31 23:59:01+00:00"
ROWS = {
    "unit": pa.array([1, 2], pa.int32()),
    "branch": ['Praia; "Sul", 2', "=cmd()"],
    "revenue": pa.array([Decimal("1234.50"), None], pa.decimal128(18, 2)),
    "rate": [0.5, float("nan")],
    "card": ["4532015112830366", "-5"],
    "day": [date(2025, 12, 31), None],
    "at": pa.array([datetime(2025, 12, 31, 23, 59, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
    "stale": [True, None],
    "big": [12345678901234567, 7],
}


@pytest.fixture
def gold(tmp_path):
    pq.write_table(pa.table(ROWS), tmp_path / "gold.parquet")
    return tmp_path / "gold.parquet"


def sheets(file):
    """Each sheet's cells by address, read as Excel does: text, or a number as text."""
    with zipfile.ZipFile(file) as book:
        assert book.testzip() is None
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        return [
            {
                cell.get("r"): "".join(cell.itertext())
                for cell in ElementTree.fromstring(book.read(name)).iter(f"{SHEET}c")
            }
            for name in names
        ]


def test_a_csv_has_the_cells_as_text_and_no_formula(gold, tmp_path):
    tables.write(gold, tmp_path / "gold.csv", {})
    with (tmp_path / "gold.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(ROWS)
    assert rows == [
        [
            *("1", 'Praia; "Sul", 2', "1234.50", "0.5", "4532015112830366"),
            *("2025-12-31", AT, "true", "12345678901234567"),
        ],
        ["2", "'=cmd()", "", "nan", "-5", "", "", "", "7"],
    ]


def test_a_workbook_has_numbers_dates_and_text_and_runs_nothing(gold, tmp_path):
    tables.write(gold, tmp_path / "gold.xlsx", {"rate": "A share of 1."})
    [cells] = sheets(tmp_path / "gold.xlsx")
    first_day = date(1899, 12, 30)  # Excel's day 0
    assert cells["A1"] == "unit" and (cells["A2"], cells["C2"], cells["D2"]) == ("1", "1234.50", "0.5")
    assert (cells["B2"], cells["B3"], cells["E2"]) == ('Praia; "Sul", 2', "=cmd()", "4532015112830366")
    assert first_day + timedelta(int(cells["F2"])) == date(2025, 12, 31)
    assert (cells["H2"], cells["I2"], cells["I3"], cells["D3"]) == ("1", "12345678901234567", "7", "nan")
    assert not {"C3", "F3", "G3", "H3"} & {address for address, text in cells.items() if text}
    with zipfile.ZipFile(tmp_path / "gold.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet and "hyperlink" not in sheet
        assert "A share of 1." in book.read("xl/comments1.xml").decode()


def test_more_rows_than_a_sheet_holds_go_on_in_another(gold, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "SHEET_ROWS", 3)
    pq.write_table(pa.table({"n": list(range(5))}), gold)
    tables.write(gold, tmp_path / "gold.xlsx", {})
    assert [sorted(cells.values()) for cells in sheets(tmp_path / "gold.xlsx")] == [
        ["0", "1", "n"],
        ["2", "3", "n"],
        ["4", "n"],
    ]
