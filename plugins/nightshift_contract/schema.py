"""The JSON Schema of contract.toml, written from the model, so that an editor completes and checks a contract.

    python -m nightshift_contract.schema docs/contract.schema.json

writes it (`make docs` does). A contract names it in its first line, as the TOML editors that build on Taplo read it.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from nightshift_contract.model import DRIFT_RULES, GOLD, SECTIONS, Column, Key, Table, keys_of

STRINGS = {"type": "array", "items": {"type": "string"}}
KINDS: dict[str, dict[str, Any]] = {  # of a field's values, by its annotation
    "str": {"type": "string"},
    "str | None": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "tuple[str, ...]": STRINGS,
    "Mapping[str, str]": {
        "type": "object",
        "properties": {event: {"enum": [*rules]} for event, rules in DRIFT_RULES.items()},
        "required": [*DRIFT_RULES],
        "additionalProperties": False,
    },
}


def schema() -> dict[str, Any]:
    """The schema, in the draft that editors know best."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A pipeline's contract",
        "description": "What a pipeline takes in and gives out: docs/contracts.md.",
        "type": "object",
        "properties": {section: {"type": "object", "additionalProperties": _table(section)} for section in SECTIONS},
        "required": [GOLD],
        "additionalProperties": False,
    }


def _table(section: str) -> dict[str, Any]:
    table = _object(Table, section)
    column = _object(Column, section)
    about = "Its columns, by their names in the lake."
    table["properties"]["columns"] = {
        "description": about,
        "type": "object",
        "minProperties": 1,
        "additionalProperties": column,
    }
    table["required"].append("columns")
    return table


def _object(model: type[Column | Table], section: str) -> dict[str, Any]:
    """The schema of a table or a column of a section."""
    keys = keys_of(model, section)
    return {
        "type": "object",
        "properties": {name: _value(one, key) for name, (one, key) in keys.items()},
        "required": [name for name, (_, key) in keys.items() if section in key.needed],
        "additionalProperties": False,
    }


def _value(one: dataclasses.Field[Any], key: Key) -> dict[str, Any]:
    value = {"description": key.about, **KINDS[str(one.type)]}
    if key.pattern:
        value["anyOf"] = [{"enum": [*key.values]}, {"pattern": key.pattern}]
    elif key.values:
        value["enum"] = [*key.values]
    if one.default not in (dataclasses.MISSING, None, "", ()):
        value["default"] = one.default
    return value


def text() -> str:
    """The schema as its file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
