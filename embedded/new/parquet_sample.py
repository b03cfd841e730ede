"""The rows of a Parquet file as a sample: its schema says the types, and its rows show the key and personal columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded.new import declared
from embedded.new.sample import MOST_ROWS, Sample, columns_of, files_of, name_of
from medallion.csv_text import Record
from nightshift_contract.model import PARQUET, PARQUET_MAGIC, Table
from tools.errors import InputRefused

if TYPE_CHECKING:
    import pyarrow as pa


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet files do. Raises InputRefused if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    except OSError as refused:
        raise InputRefused(f"{path} cannot be read ({refused.strerror}): name a file that can.") from None


def read(path: Path) -> Sample:
    """Read the beginning of a Parquet file. Raises InputRefused when it has no row, or a column that a source cannot
    have: nested, bytes, or of a type that Spark does not read."""
    import pyarrow as pa  # noqa: PLC0415 - only for such a sample
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        # Times of 96 bits, which Spark writes and reads, count as microseconds.
        with pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            schema = file.schema_arrow
            first = next(file.iter_batches(MOST_ROWS), None) if not (odd := list(_odd(schema))) else None
    except (pa.ArrowException, OSError) as damaged:
        said = str(damaged).partition("\n")[0]
        raise InputRefused(
            f"{path} begins like a Parquet file and cannot be read ({said}): give a whole one."
        ) from None
    if odd:
        raise InputRefused(
            f"{path} has {', '.join(odd)}: a source has columns of plain values only. Write them flat, or give the job"
            " as --script, which reads the file as it is."
        )
    if first is None or not first.num_rows:
        raise InputRefused(f"{path} has no row: give a file with some rows.")
    name, spelt = name_of(path), columns_of(str(path), schema.names)
    if len(spelt) < len(schema.names):
        raise InputRefused(f"{path} has a column without a name: give each column one.")
    columns = tuple(declared.column(own, _type(field.type)) for own, field in zip(spelt, schema, strict=True))
    table = Table(name, columns, (), files=files_of(name), format=PARQUET)
    return Sample(str(path), table, tuple(_records(first)), "Parquet, whose schema says the types", typed=True)


def _records(rows: pa.RecordBatch) -> Iterator[Record]:
    for number, row in enumerate(rows.to_pylist(), 1):
        yield Record(number, tuple(_text(value) for value in row.values()), "")


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _odd(schema: pa.Schema) -> Iterator[str]:
    """The columns that no source can have, each with its type and what it should be instead."""
    import pyarrow.types as of  # noqa: PLC0415

    for field in schema:
        if of.is_timestamp(field.type) and field.type.unit == "ns":
            yield f"{field.name} in nanoseconds, which Spark does not read (write it in microseconds)"
        elif not _type(field.type):
            yield f"{field.name}, which is {field.type}"


def _type(kind: pa.DataType) -> str:
    """The type of the lake for one of Arrow; '' if there is none."""
    import pyarrow.types as of  # noqa: PLC0415

    if of.is_dictionary(kind):
        return _type(kind.value_type)
    if of.is_decimal(kind):
        return declared.decimal(kind.scale)
    known = {
        "int": of.is_int8(kind) or of.is_int16(kind) or of.is_uint8(kind) or of.is_uint16(kind),
        "bigint": of.is_integer(kind),
        "double": of.is_floating(kind),
        "boolean": of.is_boolean(kind),
        "date": of.is_date32(kind),
        "timestamp": of.is_timestamp(kind),
        "string": of.is_string(kind) or of.is_large_string(kind),
    }
    return next((name for name, is_it in known.items() if is_it), "")
