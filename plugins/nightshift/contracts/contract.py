"""Contracts: the sources and gold tables of a pipeline, from its contract.toml."""

from __future__ import annotations

from pathlib import Path

from nightshift.failures.errors import SettingsError
from nightshift_contract import reading
from nightshift_contract.model import Table


def beside(definition: str) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """The sources and gold tables of contract.toml beside a definition (its __file__). Raises SettingsError."""
    return read(Path(definition).with_name("contract.toml"))


def read(path: Path) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """The sources and gold tables of a contract. Raises SettingsError naming the file and its faults."""
    try:
        contract = reading.parsed(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise SettingsError(f"The contract {path} cannot be read: {wrong}.") from wrong
    except reading.ContractError as wrong:
        raise SettingsError(f"The contract {path} {wrong}.") from wrong
    return tuple(contract.sources.values()), tuple(contract.gold.values())
