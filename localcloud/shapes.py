"""Check a call's parameters, and form its answer, by botocore's model of its service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from localcloud.operations import service_model


def problems(service: str, action: str, params: Mapping[str, Any]) -> str:
    """The missing or wrongly typed parameters, as a sentence; '' when there are none."""
    shape = service_model(service).operation_model(action).input_shape
    assert shape is not None, f"{action} takes parameters"
    return str(ParamValidator().validate(params, shape).generate_report())


def violations(service: str, action: str, params: Mapping[str, Any]) -> str:
    """The problems, or the values outside of the model's enums, patterns and lengths, in AWS's words; '' if none."""
    if wrong := problems(service, action, params):
        return wrong
    shape = service_model(service).operation_model(action).input_shape
    found = list(_violations(shape, params, ""))
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
    return f"{count}: {'; '.join(found)}" if found else ""


def answer(service: str, action: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as the model has it: its members only, no None, and timestamps in the protocol's format."""
    shape = service_model(service).operation_model(action).output_shape
    formed = _formed(shape, value) if shape else {}
    assert isinstance(formed, dict), f"{action} answers a structure"
    return formed


def status_of(service: str, code: str) -> int:
    """The HTTP status of an error; 400 when its model names none."""
    named = (shape for shape in service_model(service).error_shapes if shape.name == code)
    return next((int(shape.metadata.get("error", {}).get("httpStatusCode", 400)) for shape in named), 400)


def _violations(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from _violations(shape.members.get(name), item, f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for name, item in value.items():
            yield from _violations(shape.value, item, f"{path}.{name}.member")
    elif shape is not None and shape.type_name == "string" and (rule := _broken(shape, value)):
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"


def _broken(shape: Shape, value: str) -> str:
    """The constraint that a text breaks; '' if none."""
    rules = shape.metadata
    if value not in rules.get("enum", [value]):
        return f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    if len(value) > rules.get("max", len(value)):
        return f"have length less than or equal to {rules['max']}"
    pattern = _compiled(rules["pattern"]) if "pattern" in rules else None
    if pattern and not pattern.fullmatch(value):
        return f"satisfy regular expression pattern: {rules['pattern']}"
    return ""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A model's pattern; None for those that only Java understands."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _formed(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return {name: _formed(member, value[name]) for name, member in members if value.get(name) is not None}
    if isinstance(shape, ListShape):
        return [_formed(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {name: _formed(shape.value, item) for name, item in value.items()}
    if isinstance(value, datetime):
        text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return text if shape.serialization.get("timestampFormat") == "iso8601" else value.timestamp()
    return value
