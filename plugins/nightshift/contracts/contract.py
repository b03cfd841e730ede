"""Contracts: reads and validates a pipeline's sources and gold tables from its contract.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nightshift.contracts.pipeline import DRIFT_RULES, GoldTable, Source, SourceColumn
from nightshift.failures.errors import SettingsError

KINDS = {"sources", "gold"}
LOCALE = "pt-BR"  # the only one that the jobs' medallion/notation.py reads
TABLE_WORDS = {
    "sources": {"about", "key", "columns", "files", "fresh_hours", "drift", "database", "locale"},
    "gold": {"about", "key", "columns", "min_rows", "fresh_hours"},
}
COLUMN_WORDS = {
    "sources": {"type", "about", "personal", "from", "required", "optional", "default"}
    | {"one_of", "reason", "digits", "signed", "code"},
    "gold": {"type", "about", "personal"},
}


def beside(definition: str) -> tuple[tuple[Source, ...], tuple[GoldTable, ...]]:
    """The sources and gold tables of contract.toml beside a definition (its __file__). Raises SettingsError."""
    return read(Path(definition).with_name("contract.toml"))


def read(path: Path) -> tuple[tuple[Source, ...], tuple[GoldTable, ...]]:
    """Read the sources and gold tables of a contract. Raises SettingsError naming the file and its faults."""
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise SettingsError(f"The contract {path} cannot be read: {wrong}.") from wrong
    if faults := list(_faults(parsed)):
        raise SettingsError(f"The contract {path} is wrong: {'; '.join(faults)}.")
    sources = tuple(_source(name, table) for name, table in parsed.get("sources", {}).items())
    return sources, tuple(_gold(name, table) for name, table in parsed["gold"].items())


def _source(name: str, table: Mapping[str, Any]) -> Source:
    columns = tuple(_column(column, spec) for column, spec in table["columns"].items())
    where = {"files": table["files"], "database": bool(table.get("database"))}
    return Source(name, table["about"], columns=columns, key=tuple(table["key"]), drift=table["drift"], **where)


def _column(name: str, spec: Mapping[str, Any]) -> SourceColumn:
    names = tuple(spec.get("from", (name,)))
    flags = {flag: bool(spec.get(flag)) for flag in ("required", "optional", "personal")}
    return SourceColumn(name, spec["type"], names, about=spec.get("about", ""), **flags)


def _gold(name: str, table: Mapping[str, Any]) -> GoldTable:
    return GoldTable(
        name,
        {column: spec["type"] for column, spec in table["columns"].items()},
        tuple(table["key"]),
        min_rows=table.get("min_rows", 1),
        about=table["about"],
        notes={column: spec["about"] for column, spec in table["columns"].items() if "about" in spec},
        fresh_hours=table["fresh_hours"],
        personal=tuple(column for column, spec in table["columns"].items() if spec.get("personal")),
    )


def _faults(parsed: Mapping[str, Any]) -> Iterator[str]:
    """The faults of a contract: unknown keys, missing keys and invalid values."""
    for kind in sorted(parsed.keys() - KINDS):
        yield f"it has the unknown section {kind!r}: expected {' or '.join(sorted(KINDS))}"
    for kind in sorted(KINDS & parsed.keys()):
        for name, table in parsed[kind].items():
            yield from (f"{kind}.{name} {fault}" for fault in _table_faults(kind, table))


def _table_faults(kind: str, table: Mapping[str, Any]) -> Iterator[str]:
    needed = {"about", "key", "columns"} | ({"files", "drift"} if kind == "sources" else {"fresh_hours"})
    for word in sorted(table.keys() - TABLE_WORDS[kind]):
        yield f"has the unknown key {word!r}"
    for word in sorted(needed - table.keys()):
        yield f"lacks the key {word!r}"
    yield from _column_faults(kind, table.get("columns", {}))
    if kind == "gold" and (unrecognised := set(table.get("key", ())) - table.get("columns", {}).keys()):
        yield f"has a key column that it does not define: {', '.join(sorted(unrecognised))}"
    if (locale := table.get("locale", LOCALE)) != LOCALE:
        yield f"has the locale {locale!r}: expected {LOCALE}"
    for event, rule in table.get("drift", {}).items():
        if rule not in DRIFT_RULES.get(event, ()):
            expected = " or ".join(DRIFT_RULES.get(event, ("no rule",)))
            yield f"has the rule {rule!r} for columns that are {event}: expected {expected}"


def _column_faults(kind: str, columns: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for column, spec in columns.items():
        for word in sorted(spec.keys() - COLUMN_WORDS[kind]):
            yield f"has the unknown key {word!r} in column {column}"
        if "type" not in spec:
            yield f"lacks the type of column {column}"
