"""What goes wrong in real drops: each fault turns a sound row into lines, and says where each must end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from datagen.dialect import Dialect
from datagen.shop import UNKNOWN_PRODUCT, Item, Order
from datagen.truth import DUPLICATE, SOUND, Fate


@dataclass(frozen=True)
class Line:
    """One record of a file as bytes, where it must end, and what it adds to gold if it gets there."""

    content: bytes
    fate: Fate = SOUND
    payload: Order | Item | None = None


def sound(row: Order | Item, dialect: Dialect) -> Line:
    """The row as it should be."""
    return Line(dialect.line(row.cells()), SOUND, row)


def _changed(row: Order | Item, dialect: Dialect, position: int, cell: str) -> bytes:
    cells = row.cells()
    cells[position] = cell
    return dialect.line(cells)


def _cell_fault(reason: str, position: int, cell: str) -> Callable[[Order | Item, Dialect], list[Line]]:
    """A fault that writes one cell wrongly; silver refuses the row."""

    def lines(row: Order | Item, dialect: Dialect) -> list[Line]:
        return [Line(_changed(row, dialect, position, cell), Fate("silver", reason))]

    return lines


def _not_utf8(row: Order | Item, dialect: Dialect) -> list[Line]:
    return [Line(_changed(row, dialect, 5, "Pra\x81a").decode().encode("latin-1"), Fate("bronze", "not_utf8"))]


def _nul_byte(row: Order | Item, dialect: Dialect) -> list[Line]:
    return [Line(_changed(row, dialect, 5, "a\0b"), Fate("bronze", "nul_byte"))]


def _cut_off(row: Order | Item, dialect: Dialect) -> list[Line]:
    return [Line(dialect.line(row.cells()[:3]), Fate("bronze", "wrong_column_count"))]


def _open_quote(row: Order | Item, dialect: Dialect) -> list[Line]:
    cells = [*row.cells()[:-1], '"sem fim']
    content = f"{dialect.delimiter.join(cells[:5])}{dialect.delimiter}{cells[-1]}{dialect.line_end}"
    return [Line(content.encode("utf-8"), Fate("bronze", "unclosed_quote"))]


def _twice(row: Order | Item, dialect: Dialect) -> list[Line]:
    return [Line(sound(row, dialect).content, DUPLICATE), sound(row, dialect)]


def _order_of_other_unit(row: Order | Item, dialect: Dialect) -> list[Line]:
    return [Line(_changed(row, dialect, 0, "987654"), Fate("silver", "unit_mismatch"))]


def _corrected_order(row: Order | Item, dialect: Dialect) -> list[Line]:
    assert isinstance(row, Order)
    first = _changed(row, dialect, 7, "Cancelado" if row.status != "Cancelado" else "Pendente")
    return [Line(first, Fate("silver", "clashing_key")), sound(row, dialect)]


def _corrected_item(row: Order | Item, dialect: Dialect) -> list[Line]:
    assert isinstance(row, Item)
    first = sound(replace(row, quantity=row.quantity + 1), dialect).content
    return [Line(first, Fate("silver", "clashing_key")), sound(row, dialect)]


def _as_excel_writes(row: Order | Item, dialect: Dialect) -> list[Line]:
    """Money with a comma, as Excel writes it in Brazil: no fault but the reader's, if it does not understand it."""
    return [Line(_changed(row, dialect, 4, f"R$ {row.cells()[4].replace('.', ',')}"), SOUND, row)]


def _unknown_product(row: Order | Item, dialect: Dialect) -> list[Line]:
    assert isinstance(row, Item)
    return [sound(replace(row, product_id=UNKNOWN_PRODUCT), dialect)]


Fault = Callable[[Order | Item, Dialect], Sequence[Line]]

ORDER_FAULTS: tuple[Fault, ...] = (
    _twice,
    _cell_fault("bad_number", 4, "doze"),
    _as_excel_writes,
    _not_utf8,
    _corrected_order,
    _cell_fault("bad_date", 3, "31/02/2025"),
    _cell_fault("missing_value", 1, ""),
    _cut_off,
    _cell_fault("unknown_status", 7, "Perdido"),
    _cell_fault("unknown_type", 2, "Loja Drive"),
    _order_of_other_unit,
    _nul_byte,
    _open_quote,
)
ITEM_FAULTS: tuple[Fault, ...] = (
    _twice,
    _cell_fault("bad_number", 3, "dois"),
    _corrected_item,
    _unknown_product,
    _not_utf8,
    _cell_fault("missing_value", 2, ""),
    _cut_off,
    _cell_fault("bad_number", 4, "1,2,3"),
    _as_excel_writes,
    _nul_byte,
    _open_quote,
)
