"""Reads contract.toml strictly into the model."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from nightshift_contract.model import DRIFT_RULES, GOLD, SECTIONS, SOURCES, Column, Contract, Key, Table, keys_of

KINDS: Mapping[str, tuple[type, ...]] = {  # of a field's values, by its annotation
    "str": (str,),
    "str | None": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "tuple[str, ...]": (list,),
    "Mapping[str, str]": (dict,),
}
NAMES = {list: "a list of strings", dict: "a table", bool: "true or false", int: "a number", float: "a number"}


class ContractError(ValueError):
    """A contract cannot be read; the message names its faults."""


@cache
def contract(pipeline: str) -> Contract:
    """The contract of a pipeline, from its package: in the tree, or in the cluster's zip. Raises FileNotFoundError if
    there is no package or it has none, and ContractError."""
    text = pkgutil.get_data(pipeline, "contract.toml")
    if text is None:
        raise FileNotFoundError(f"{pipeline}/contract.toml")
    return parsed(text.decode("utf-8"))


def parsed(text: str) -> Contract:
    """The contract in the text of a contract.toml. Raises ContractError."""
    try:
        written = tomllib.loads(text)
    except ValueError as wrong:
        raise ContractError(f"cannot be read: {wrong}") from wrong
    if faults := list(_faults(written)):
        raise ContractError(f"is wrong: {'; '.join(faults)}")
    sources, gold = ({n: _table(kind, n, t) for n, t in written.get(kind, {}).items()} for kind in SECTIONS)
    return Contract(sources, gold)


def _table(section: str, name: str, written: Mapping[str, Any]) -> Table:
    columns = tuple(_column(section, column, spec) for column, spec in written["columns"].items())
    return Table(name, columns, **_values(Table, section, written))


def _column(section: str, name: str, written: Mapping[str, Any]) -> Column:
    return Column(name, **{"names": (name,), **_values(Column, section, written)})


def _values(model: type[Column | Table], section: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields that a table or column has in the file."""
    keys = keys_of(model, section)
    values = {keys[name][0].name: value for name, value in written.items() if name in keys}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _faults(written: Mapping[str, Any]) -> Iterator[str]:
    """The faults of a contract: unknown keys, missing keys and invalid values."""
    for section in sorted(written.keys() - {*SECTIONS}):
        yield f"it has the unknown section {section!r}: expected {' or '.join(sorted(SECTIONS))}"
    if not written.get(GOLD):
        yield "it has no table of gold"
    for section in sorted({*SECTIONS} & written.keys()):
        for name, table in written[section].items():
            yield from (f"{section}.{name} {fault}" for fault in _table_faults(section, table))


def _table_faults(section: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield from _key_faults(Table, section, {name: value for name, value in table.items() if name != "columns"})
    columns = table.get("columns", {})
    if not columns:
        yield "lacks the key 'columns'"
    for name, column in columns.items():
        yield from (f"{fault} in column {name}" for fault in _key_faults(Column, section, column))
    if section == SOURCES:  # its key may have the unit, which is no column but a folder
        yield from _drift_faults(table.get("drift", {}))
    elif unrecognised := {str(name) for name in table.get("key", ())} - columns.keys():
        yield f"has a key column that it does not define: {', '.join(sorted(unrecognised))}"


def _key_faults(model: type[Column | Table], section: str, written: Mapping[str, Any]) -> Iterator[str]:
    """The faults of a table's or a column's own keys."""
    keys = keys_of(model, section)
    for name in sorted(written.keys() - keys.keys()):
        yield f"has the unknown key {name!r}"
    for name in sorted(name for name, (_, key) in keys.items() if section in key.needed and name not in written):
        yield f"lacks the key {name!r}"
    for name, value in written.items():
        if name in keys and (fault := _value_fault(name, value, str(keys[name][0].type), keys[name][1])):
            yield fault


def _value_fault(name: str, value: Any, annotation: str, key: Key) -> str:
    kinds = KINDS[annotation]
    is_right = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if not is_right or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
        return f"has {value!r} for {name!r}: expected {NAMES.get(kinds[0], 'a string')}"
    if key.values and not (re.match(key.pattern, value) if key.pattern else value in key.values):
        return f"has the {name} {value!r}: expected {' or '.join(key.values)}"
    return ""


def _drift_faults(drift: Mapping[str, Any]) -> Iterator[str]:
    for event in DRIFT_RULES.keys() - drift.keys() if drift else ():
        yield f"has no rule for columns that are {event}"
    for event, rule in drift.items():
        if rule not in DRIFT_RULES.get(event, ()):
            expected = " or ".join(DRIFT_RULES.get(event, ("no rule",)))
            yield f"has the rule {rule!r} for columns that are {event}: expected {expected}"
