"""Writes a Parquet file's rows as CSV or as an Excel workbook."""

from __future__ import annotations

import csv
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

# What a spreadsheet takes for a formula; a number with its sign is none.
FORMULA = re.compile(r"^[=+\-@\t\r](?!\d+([.,]\d+)?$)")
SHEET_ROWS = 1_048_576  # Excel's limits ("Excel specifications and limits"): rows of a sheet, digits of a number
MOST_DIGITS = 15
MONEY, DAY, MOMENT = "#,##0.00", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"


def write(source: Path, target: Path, notes: Mapping[str, str]) -> None:
    """Write the rows of a Parquet file to `target`, in the format of its ending. `notes` describe the columns, by name;
    only a workbook has a place for them."""
    WRITERS[target.suffix](source, target, notes)


def _parquet(source: Path, target: Path, _notes: Mapping[str, str]) -> None:
    shutil.copyfile(source, target)


def _csv(source: Path, target: Path, _notes: Mapping[str, str]) -> None:
    """RFC 4180 in UTF-8 with LF line ends; nulls are empty. Text that a spreadsheet would run as a formula gets an
    apostrophe before it, as in movimento_flat.csv."""
    with target.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(pq.read_schema(source).names)
        lines.writerows([_text(value) for value in row] for row in _rows(source))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}" if FORMULA.match(value) else value
        case datetime():
            return value.isoformat(sep=" ")
    return str(value)


def _xlsx(source: Path, target: Path, notes: Mapping[str, str]) -> None:
    """One sheet, more if the rows are more than a sheet holds. Text stays text: no formulas, no links, no numbers made
    of digits; a number with more digits than Excel keeps is text as well."""
    kept_as_text = {f"strings_to_{kind}": False for kind in ("formulas", "urls", "numbers")}
    with target.open("wb") as file, Workbook(file, {"constant_memory": True, **kept_as_text}) as book:
        formats = {name: book.add_format({"num_format": name}) for name in (MONEY, DAY, MOMENT)}
        sheet, line = _sheet(book, source, notes), 0
        for row in _rows(source):
            line += 1
            if line == SHEET_ROWS:
                sheet, line = _sheet(book, source, notes), 1
            for column, value in enumerate(row):
                _cell(sheet, line, column, value, formats)


def _sheet(book: Workbook, source: Path, notes: Mapping[str, str]) -> Worksheet:
    """A new sheet with its header, which stays in sight and filters."""
    sheet, names = book.add_worksheet(), pq.read_schema(source).names
    for column, name in enumerate(names):
        sheet.set_column(column, column, max(12, len(name) + 4))
        sheet.write_string(0, column, name, book.add_format({"bold": True}))
        if note := notes.get(name):
            sheet.write_comment(0, column, note)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, 0, len(names) - 1)
    return sheet


def _cell(sheet: Worksheet, line: int, column: int, value: Any, formats: Mapping[str, Any]) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(line, column, value)
        case int() | float() | Decimal() if _fits(value):
            sheet.write_number(line, column, value, formats[MONEY] if isinstance(value, Decimal) else None)
        case datetime():
            sheet.write_datetime(line, column, value.replace(tzinfo=None), formats[MOMENT])
        case date():
            sheet.write_datetime(line, column, value, formats[DAY])
        case _:
            sheet.write_string(line, column, str(value))


def _fits(number: float | Decimal) -> bool:
    if isinstance(number, float):
        return math.isfinite(number)
    return len(Decimal(number).as_tuple().digits) <= MOST_DIGITS


def _rows(source: Path) -> Iterator[tuple[Any, ...]]:
    for batch in pq.ParquetFile(source).iter_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


WRITERS: dict[str, Callable[[Path, Path, Mapping[str, str]], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
