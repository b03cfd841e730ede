"""Check an object against the structural schema of its CustomResourceDefinition. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from localcloud.kubernetes.errors import Json

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def problems(value: Any, schema: Json, path: str = "") -> Iterator[str]:
    """What is wrong with a value, as `field: message` in the API server's words."""
    if value is None and schema.get("nullable"):
        return
    if not _has_type(value, schema):
        yield f'{path or "<nil>"}: Invalid value: "{_type_of(value)}": must be of type {schema.get("type")}'
        return
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(f'"{item}"' for item in schema["enum"])
        yield f'{path}: Unsupported value: "{value}": supported values: {supported}'
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: Invalid value: {value}: should be greater than or equal to {schema['minimum']}"
    if isinstance(value, dict):
        yield from _members(value, schema, path)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from problems(item, schema.get("items", {}), f"{path}[{number}]")


def pruned(value: Any, schema: Json) -> Any:
    """A value without the members that the schema does not know, as the API server stores it."""
    if isinstance(value, list):
        return [pruned(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict) or not schema or schema.get("x-kubernetes-int-or-string"):
        return value
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    if isinstance(others, dict):
        return {name: pruned(item, others) for name, item in value.items()}
    free = schema.get("x-kubernetes-preserve-unknown-fields") or others is True
    return {name: pruned(item, known.get(name, {})) for name, item in value.items() if free or name in known}


def _has_type(value: Any, schema: Json) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str)
    return "type" not in schema or _TYPES[schema["type"]](value)


def _type_of(value: Any) -> str:
    return next((name for name, test in _TYPES.items() if test(value)), "null")


def _members(value: Json, schema: Json, path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{_below(path, name)}: Required value"
    known = schema.get("properties", {})
    for name, item in value.items():
        found = known.get(name) or schema.get("additionalProperties")
        if isinstance(found, dict):
            yield from problems(item, found, _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
