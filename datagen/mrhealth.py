"""The drops of a chain of units, day by day, in the layout of the raw bucket; one unit's day in memory at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path

from datagen.dialect import ITEM_HEADER, ORDER_HEADER, Dialect, dialect_of
from datagen.faults import ITEM_FAULTS, ORDER_FAULTS, Fault, Line, sound
from datagen.shop import Item, Order, orders_of
from datagen.truth import DUPLICATE, SOUND, DayTruth, Fate, write_truth
from datagen.vocabulary import BRANCHES, COUNTRIES, PRODUCTS, STATES

LATE_NUMBERS = 900_000_000  # order numbers of late orders: no sound order of the day has them
ORPHAN = Fate("silver", "orphan_item")


@dataclass(frozen=True)
class Shape:
    """How much to generate, and whether anything is wrong with it.

    Args:
        seed: the same seed and shape give the same bytes.
        units: number of units; three or more show every kind of trouble.
        first_day, days: the business dates.
        orders: sound orders of each unit and day, before faults; ten or more show every kind of fault.
        faults: whether rows are broken, files missing and orders sent twice.
    """

    seed: int = 1
    units: int = 6
    first_day: date = date(2025, 12, 29)
    days: int = 3
    orders: int = 20
    faults: bool = True

    def dates(self) -> list[date]:
        """The business dates in order."""
        return [self.first_day + timedelta(days=n) for n in range(self.days)]


def generate_mrhealth(out: Path, truth_file: Path, shape: Shape) -> dict[date, DayTruth]:
    """Write `out`/csv_sales/YYYY/MM/DD/unit_NNN and `out`/reference_data, and the truth about them.

    Returns the truth by business date. Raises ValueError when the truth would lie among the data, or the shape
    is not positive.
    """
    if truth_file.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"writing the truth to {truth_file}: that lies within the data at {out}; name another place")
    if min(shape.units, shape.days, shape.orders) < 1:
        raise ValueError(f"generating {shape}: units, days and orders must be 1 or more")
    truths = {day: DayTruth() for day in shape.dates()}
    reference = write_reference(out / "reference_data", shape)
    for day, truth in truths.items():
        for table, fates in reference.items():
            for fate in fates:
                truth.row(table, fate)
        for unit_id in range(1, shape.units + 1):
            _write_unit_day(out, shape, unit_id, day, truths)
    write_truth(truth_file, shape.seed, truths)
    return truths


def write_reference(folder: Path, shape: Shape) -> dict[str, list[Fate]]:
    """Head office's tables; with faults, one product stands there twice."""
    folder.mkdir(parents=True, exist_ok=True)
    branches = zip(range(1, shape.units + 1), cycle(BRANCHES), strict=False)
    products = [(n, name) for n, (name, _) in enumerate(PRODUCTS, start=1)]
    twice = products[:1] if shape.faults else []
    files: dict[str, tuple[str, tuple[str, ...], Sequence[Sequence[object]]]] = {
        "units": ("unidade", ("Id_Unidade", "Nome_Unidade", "Id_Estado"), [(n, *b) for n, b in branches]),
        "states": ("estado", ("Id_Estado", "Id_Pais", "Nome_Estado"), STATES),
        "countries": ("pais", ("Id_Pais", "Nome_Pais"), COUNTRIES),
        "products": ("produto", ("Id_Produto", "Nome_Produto"), [*products, *twice]),
    }
    for stem, header, rows in files.values():
        with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";", lineterminator="\n").writerows([header, *rows])
    fates = {table: [SOUND] * len(rows) for table, (_, _, rows) in files.items()}
    fates["products"][len(products) :] = [DUPLICATE] * len(twice)
    return fates


def _trouble(shape: Shape, unit_id: int, day: date) -> str | None:
    """What is wrong with a whole unit's day: nothing, or one thing, in a pattern that repeats weekly."""
    weekday = (day - shape.first_day).days % 7
    patterns = {(0, 1): "unknown_file", (1, 2): "missing", (2, 3): "empty", (2, 1): "header", (3, 2): "header_only"}
    return patterns.get((weekday, unit_id)) if shape.faults else None


def _orders(shape: Shape, unit_id: int, day: date) -> list[Order]:
    first = (day - shape.first_day).days * shape.orders + 1
    return list(orders_of(shape.seed, unit_id, day, shape.orders, first))


def _write_unit_day(out: Path, shape: Shape, unit_id: int, day: date, truths: Mapping[date, DayTruth]) -> None:
    truth, trouble, dialect = truths[day], _trouble(shape, unit_id, day), dialect_of(unit_id)
    if trouble == "missing":
        return
    folder = out / "csv_sales" / f"{day:%Y/%m/%d}" / f"unit_{unit_id:03d}"
    folder.mkdir(parents=True, exist_ok=True)
    orders, items = _lines(shape, unit_id, day, dialect)
    order_file, item_file = folder / dialect.file_name("pedido"), folder / dialect.file_name("item_pedido")
    if trouble == "empty":
        order_file.write_bytes(b"")
        item_file.write_bytes(b"")
        for table in ("orders", "items"):
            truth.row(table, Fate("bronze", "empty_file"))
        return
    if trouble == "header_only":
        orders, items = [], []
    if trouble == "unknown_file":
        (folder / "LEIA-ME.txt").write_text("Olá, segue o movimento de ontem.\n", encoding="utf-8")
        truth.row("other_files", Fate("bronze", "unknown_file"))
    orders_by_id = {line.payload.order_id: line.payload for line in orders if isinstance(line.payload, Order)}
    items = [_with_its_order(line, orders_by_id) for line in items]
    again = {order.order_id for order in _sent_again(shape, unit_id, day + timedelta(days=1))}
    note = _Notes(truths, day, orders_by_id, again).note
    _write(order_file, dialect.header(ORDER_HEADER), orders, partial(note, "orders"))
    # Without its last column the file's every line is refused, header included.
    if trouble == "header":
        header = dialect.header(ITEM_HEADER[:-1])
        items = [Line(line.content, Fate("bronze", "missing_column")) for line in [Line(header), *items]]
        _write(item_file, b"", items, partial(note, "items"))
    else:
        _write(item_file, dialect.header(ITEM_HEADER), items, partial(note, "items"))


def _write(path: Path, header: bytes, lines: Iterable[Line], note: Callable[[Line], None]) -> None:
    with path.open("wb") as file:
        file.write(header)
        for line in lines:
            file.write(line.content)
            note(line)


def _with_its_order(line: Line, orders_by_id: Mapping[str, Order]) -> Line:
    """An item line; refused if the delivery has no order of its number."""
    is_alone = line.fate == SOUND and isinstance(line.payload, Item) and line.payload.order_id not in orders_by_id
    return Line(line.content, ORPHAN) if is_alone else line


@dataclass(frozen=True)
class _Notes:
    """Counts the lines of one unit's day, and what they add to the days of their orders: each order once, with the
    items that come last. `orders_by_id`: the orders of the delivery; `again`: the ids of those that come again."""

    truths: Mapping[date, DayTruth]
    day: date
    orders_by_id: Mapping[str, Order]
    again: set[str]

    def note(self, table: str, line: Line) -> None:
        self.truths[self.day].row(table, line.fate)
        if line.payload is None or line.payload.order_id in self.again:
            return
        order = self.orders_by_id[line.payload.order_id]
        if isinstance(line.payload, Order):
            self.truths[order.day].sale(order)
        else:
            self.truths[order.day].piece(line.payload, order.status)


def _lines(shape: Shape, unit_id: int, day: date, dialect: Dialect) -> tuple[list[Line], list[Line]]:
    """The lines of both files of one unit's day."""
    orders = _orders(shape, unit_id, day)
    items = [item for order in orders for item in order.items]
    if not shape.faults:
        return [sound(o, dialect) for o in orders], [sound(i, dialect) for i in items]
    order_lines = list(_with_faults(orders, dialect, ORDER_FAULTS, unit_id))
    item_lines = list(_with_faults(items, dialect, ITEM_FAULTS, unit_id))
    late = _late_orders(shape, unit_id, day)
    sent_again = _sent_again(shape, unit_id, day)
    order_lines += [sound(o, dialect) for o in late]
    order_lines += [sound(o, dialect) for o in sent_again]
    item_lines += [sound(i, dialect) for o in (*late, *sent_again) for i in o.items]
    return order_lines, item_lines


def _with_faults(
    rows: Sequence[Order | Item], dialect: Dialect, faults: Sequence[Fault], unit_id: int
) -> Iterator[Line]:
    """A few faults a file, the kinds dealt out to the units in turn; the first row is always sound."""
    dealt = [faults[(unit_id * 4 + n) % len(faults)] for n in range(4)]
    places = {2 * n + 1: fault for n, fault in enumerate(dealt)}
    for n, row in enumerate(rows):
        yield from places[n](row, dialect) if n in places else [sound(row, dialect)]


def _late_orders(shape: Shape, unit_id: int, day: date) -> list[Order]:
    """Unit 1 sends, from the second day on, one order of the day before that nobody has seen yet."""
    if unit_id != 1 or day == shape.first_day:
        return []
    return list(orders_of(shape.seed + 1, unit_id, day - timedelta(days=1), 1, LATE_NUMBERS + day.toordinal()))


def _sent_again(shape: Shape, unit_id: int, day: date) -> list[Order]:
    """The last unit sends the first order of the day before once more, if both days are whole; its items, which faults
    may have spoilt at first, are all there now."""
    yesterday, dates = day - timedelta(days=1), shape.dates()
    if not shape.faults or unit_id != shape.units or not dates[0] < day <= dates[-1]:
        return []
    if _trouble(shape, unit_id, yesterday) or _trouble(shape, unit_id, day):
        return []
    return _orders(shape, unit_id, yesterday)[:1]
