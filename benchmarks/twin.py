"""The full load of mrhealth_sales by DuckDB: the yardstick of benchmarks/load.py.

    twin.py INPUT OUT DAY THREADS

Reads one date's delivery below INPUT, writes bronze, silver and the four sales tables of gold below OUT, and prints the
wall and CPU seconds of each part as JSON. Columns, keys, terms and patterns are those of the contract and of
medallion/shapes.py. Left out is what the load's files never show: a table in two files of one unit, other encodings, a
delivery that names no unit, earlier dates; also the alerts and the forecast, for which DuckDB would need Python too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from medallion.shapes import DAY, MONEY, whole
from nightshift_contract import dialect
from nightshift_contract.model import Column, Table
from nightshift_contract.reading import contract

SOURCES = contract("mrhealth_sales").sources
BLANKS = "' ' || chr(9) || chr(10) || chr(13)"
NUMBER, GROUPED = "0*([0-9]+?)(?:[.,]0{1,2})?", r"[1-9][0-9]{0,2}(\.[0-9]{3})+"
UUID = r"\{?([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?"
BRAZILIAN = r"(R\$ *)?[0-9]+,[0-9]{1,2}"
TOLD = "file, line, raw, outcome, reason"
SHOPS = {"orders": "unit_id, order_id", "items": "unit_id, order_id, item_id"}
SOLD = """sum(quantity)::bigint as quantity, sum(quantity * item_value)::decimal(18,2) as gross_value,
    coalesce(sum(quantity) filter (status = 'Finalizado'), 0)::bigint as finished_quantity,
    coalesce(sum(quantity * item_value) filter (status = 'Finalizado'), 0)::decimal(18,2) as revenue"""


class Load:
    """One load; `marks` are the wall and CPU seconds up to the end of each part."""

    def __init__(self, given: Path, out: Path, day: str, threads: int) -> None:
        self._given, self._out, self._day = given, out, day
        out.mkdir(parents=True)
        self._db = duckdb.connect()
        self._db.execute(f"set threads = {threads}; set temp_directory = '{out}/tmp'")
        self._began = time.monotonic()
        self.marks: dict[str, tuple[float, float]] = {}

    def run(self) -> None:
        """All layers."""
        for layer in ("bronze", "silver", "gold"):
            (self._out / layer).mkdir(parents=True)
            getattr(self, f"_{layer}")()
            used = resource.getrusage(resource.RUSAGE_SELF)
            self.marks[layer] = (time.monotonic() - self._began, used.ru_utime + used.ru_stime)

    def _bronze(self) -> None:
        folder = self._given / "csv_sales" / self._day.replace("-", "/")
        for name in SHOPS:
            table = SOURCES[name]
            files = [f for f in sorted(folder.glob("*/*")) if f.stem.lower() == table.files and f.stat().st_size]
            parts = " union all ".join(_reading(table, files))
            self._db.execute(f"create table bronze_{name} as select *, row_number() over () as line from ({parts})")
            self._write("bronze", name, f"select *, now() as ingested_at from bronze_{name}")
        for table in (table for name, table in SOURCES.items() if name not in SHOPS):
            given = self._given / "reference_data" / f"{table.files}.csv"
            read = f"read_csv('{given}', delim = ';', header = true, all_varchar = true)"
            columns = ", ".join(f"{c.source}::{c.type} as {c.name}" for c in table.columns)
            self._db.execute(f"create table {table.name} as select distinct {columns} from {read}")

    def _silver(self) -> None:
        for name, key in SHOPS.items():
            self._db.execute(f"create table judged as {_judged(SOURCES[name])}")
            content = ", ".join(c.name for c in SOURCES[name].columns if c.name not in SOURCES[name].key)
            self._db.execute(f"""create table twice as
                with keys as (select {key} from judged where outcome = 'accepted' group by all having count(*) > 1)
                select line as again, row_number() over (partition by {key} order by line desc) as place,
                    row_number() over (partition by {key}, {content} order by line desc) as copy
                from judged join keys using ({key}) where outcome = 'accepted'""")
            self._db.execute(f"""create table {name}_told as select judged.* exclude (outcome, reason),
                case when copy > 1 then 'duplicate' when place > 1 then 'quarantined' else outcome end as outcome,
                case when place > 1 and copy = 1 then 'clashing_key' else reason end as reason
                from judged left join twice on again = line; drop table judged; drop table twice""")
        self._write(
            "silver",
            "orders",
            """select t.*, branch, state, country from orders_told t
            left join units using (unit_id) left join states using (state_id) left join countries using (country_id)""",
        )
        self._db.execute("""create table valid as select * from orders_told where outcome = 'accepted';
            create table sold as select i.*, order_date, status, product
            from items_told i join valid using (unit_id, order_id)
            left join products using (product_id) where i.outcome = 'accepted'""")
        self._write(
            "silver",
            "items",
            """select i.* exclude (outcome, reason),
            case when outcome = 'accepted' and order_date is null then 'quarantined' else outcome end as outcome,
            case when outcome = 'accepted' and order_date is null then 'orphan_item' else reason end as reason, product
            from items_told i left join (select unit_id, order_id, order_date from valid) using (unit_id, order_id)
            left join products using (product_id)""",
        )
        self._write(
            "silver",
            "current_orders",
            """select v.* exclude (raw, outcome, reason), branch, state, country
            from valid v left join units using (unit_id) left join states using (state_id)
            left join countries using (country_id)""",
        )
        self._write("silver", "current_items", "select * exclude (raw, outcome, reason) from sold")
        self._write(
            "silver",
            "unit_days",
            """select order_date, unit_id, count(*) as orders,
            count(*) filter (status = 'Cancelado') as cancelled, sum(order_value) as gross_value
            from valid group by all""",
        )
        self._write(
            "silver",
            "product_days",
            """with prices as (
                select order_date, unit_id, product_id, item_value as price, sum(quantity) as n from sold group by all)
            select order_date, unit_id, product_id, sum(n) as quantity, arg_max(price, (n, price)) as price
            from prices group by all""",
        )

    def _gold(self) -> None:
        orders, items = (
            f"read_parquet('{self._out}/silver/{name}.parquet')" for name in ("current_orders", "current_items")
        )
        sums = ", ".join(
            f"coalesce(sum({column}){which}, 0)::decimal(18,2) as {name}"
            for name, column, which in (
                ("gross_value", "order_value", ""),
                ("revenue", "order_value", " filter (status = 'Finalizado')"),
                ("pending_value", "order_value", " filter (status = 'Pendente')"),
                ("cancelled_value", "order_value", " filter (status = 'Cancelado')"),
                ("delivery_fees", "delivery_fee", ""),
            )
        )
        places = "any_value(branch) as branch, any_value(state) as state, any_value(country) as country"
        for name, period in (("day", "order_date"), ("year", "year(order_date)::int as year")):
            self._write(
                "gold",
                f"sales_by_branch_{name}",
                f"""select {period}, unit_id, {places}, count(*) as orders, {sums}
                from {orders} group by all order by 1, unit_id""",
            )
        self._write(
            "gold",
            "product_sales",
            f"""select product_id, any_value(product) as product, {SOLD} from {items}
            group by product_id order by product_id""",
        )
        self._write(
            "gold",
            "sales_by_product_branch_day",
            f"""select order_date, unit_id, branch, state, country,
            product_id, product, quantity, gross_value, finished_quantity, revenue
            from (select order_date, unit_id, product_id, any_value(product) as product, {SOLD}
                from {items} group by all)
            left join (select order_date, unit_id, {places} from {orders} group by all) using (order_date, unit_id)
            order by order_date, unit_id, product_id""",
        )

    def _write(self, layer: str, table: str, query: str) -> None:
        self._db.execute(
            f"copy ({query}) to '{self._out}/{layer}/{table}.parquet' (format parquet, compression snappy)"
        )


def _reading(table: Table, files: list[Path]) -> Iterator[str]:
    """A reading of all files that are written alike."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for file in files:
        with file.open("rb") as text:
            header = text.readline().decode("utf-8-sig")
        delimiter, cells = dialect.split(header.strip())
        names = tuple(table.source_name(cell) for cell in cells)
        if {*table.source_names} <= {*names}:
            alike.setdefault((delimiter, names), []).append(str(file))
    for (delimiter, names), paths in alike.items():
        columns = ", ".join(f"'{name}': 'varchar'" for name in names)
        raw = f"concat_ws('{delimiter}', {', '.join(names)})"
        yield f"""select {", ".join(table.source_names)}, filename as file, {raw} as raw,
            regexp_extract(filename, '/unit_([0-9]+)/', 1)::int as unit from read_csv({paths}, delim = '{delimiter}',
            header = false, skip = 1, columns = {{{columns}}}, quote = '"', escape = '"',
            auto_detect = false, filename = true, ignore_errors = true, strict_mode = true, nullstr = '\\N')
            where position(chr(0) in raw) = 0"""


def _judged(table: Table) -> str:
    """The typed rows of a table with the first rule that each breaks."""
    of_orders = table.name == "orders"
    cleaned = ", ".join(f"{_cleaned(c)} as {c.source}" for c in table.columns)
    needed = " or ".join(f"{c.source} is null" for c in table.columns if c.required)
    faults = [f"when {needed} then 'missing_value'", *(f for c in table.columns for f in _faults(c))]
    faults += [f"when {_typed(c)} is null then '{c.reason}'" for c in table.columns if c.one_of]
    faults += [
        f"when unit <> {_typed(table.column('unit_id'))} then 'unit_mismatch' "
        f"when {_typed(table.column('order_date'))} > current_date then 'date_out_of_range'"
        if of_orders
        else "when try_cast(qtd as bigint) * try_cast(vlr_item as decimal(18,2)) >= 1000000000 then 'bad_number'"
    ]
    typed = ", ".join(f"{_typed(c)} as {c.name}" for c in table.columns if c.name != "unit_id")
    return f"""with clean as (select file, line, raw, unit, {cleaned} from bronze_{table.name}),
        ruled as (select unit as unit_id, {typed}, file, line, raw, case {" ".join(faults)} end as reason from clean)
        select *, case when reason is null then 'accepted' else 'quarantined' end as outcome from ruled"""


def _cleaned(column: Column) -> str:
    text = f"nullif(trim(nfc_normalize({column.source}), {BLANKS}), '')"
    if column.type.startswith("decimal"):
        plain = f"replace(regexp_replace({text}, '^R\\$ *', ''), ',', '.')"
        return f"case when regexp_full_match({text}, '{BRAZILIAN}') then {plain} else {text} end"
    if column.code:
        return f"""case when regexp_full_match({text}, '[1-9][0-9]*') then {text}
            when regexp_full_match({text}, '{UUID}') then lower(regexp_extract({text}, '{UUID}', 1))
            when regexp_full_match({text}, '{GROUPED}') then replace({text}, '.', '')
            when regexp_full_match({text}, '{NUMBER}') then regexp_extract({text}, '^{NUMBER}$', 1) else {text} end"""
    return text


def _faults(column: Column) -> Iterator[str]:
    name, typed = column.source, _typed(column)
    shape = {"int": whole(column.digits, signed=False), "bigint": whole(column.digits, signed=False), "date": DAY}
    shape["decimal(18,2)"] = MONEY
    if column.type in shape:
        reason = "bad_date" if column.type == "date" else "bad_number"
        wrong = f"not regexp_matches({name}, '{shape[column.type]}') or {typed} is null"
        yield f"when {name} is not null and ({wrong}) then '{reason}'"
    if column.code:
        yield f"when regexp_matches({name}, '^[0-9]([.,][0-9]+)?[eE][+]?[0-9]{{1,3}}$') then 'rewritten_code'"


def _typed(column: Column) -> str:
    if column.one_of:
        terms = " ".join(f"when strip_accents('{t.lower()}') then '{t}'" for t in column.one_of)
        return f"case strip_accents(lower({column.source})) {terms} end"
    value = column.source if column.type == "string" else f"try_cast({column.source} as {column.type})"
    return value if column.default is None else f"coalesce({value}, {column.default})"


def main(given: str, out: str, day: str, threads: str) -> None:
    """Run the load."""
    load = Load(Path(given), Path(out), day, int(threads))
    load.run()
    print(json.dumps(load.marks))


if __name__ == "__main__":
    main(*sys.argv[1:])
