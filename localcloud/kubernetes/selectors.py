"""Label and field selectors, as texts in a query: parsed once, then compared with objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud.kubernetes.errors import Json, bad_request

Test = Callable[[Json], bool]
_SET = re.compile(r"([^\s=!,()]+)\s+(in|notin)\s+\(([^)]*)\)")
_EQUAL = re.compile(r"([^\s=!,()]+)\s*(!=|==|=)\s*([^\s=!,()]*)")
_EXISTS = re.compile(r"(!?)\s*([^\s=!,()]+)")
_BETWEEN = re.compile(r",(?![^(]*\))")  # a comma that is not in parentheses
_FIELD = re.compile(r"([^=!]+)(!=|==|=)(.*)")


def labels(text: str) -> Test:
    """The test of a labelSelector; of an empty one, true for all. Raises ApiError 400."""
    tests = [_label_test(part.strip()) for part in _BETWEEN.split(text) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def fields(text: str) -> Test:
    """The test of a fieldSelector such as status.phase=Running,metadata.name!=x. Raises ApiError 400."""
    tests = [_field_test(part) for part in text.split(",") if part]
    return lambda item: all(test(item) for test in tests)


def both(label_selector: str, field_selector: str) -> Test:
    """The test of both selectors of a query."""
    by_label, by_field = labels(label_selector), fields(field_selector)
    return lambda item: by_label(item) and by_field(item)


def value_at(item: Any, path: str) -> Any:
    """The value at a dotted path of an object; None when a part is missing."""
    for name in path.strip(".").split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _label_test(part: str) -> Callable[[Json], bool]:
    if found := _SET.fullmatch(part):
        name, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        return lambda given: (given.get(name) in values) is (operator == "in")
    if found := _EQUAL.fullmatch(part):
        name, operator, value = found.groups()
        return lambda given: (given.get(name) == value) is (operator != "!=")
    if found := _EXISTS.fullmatch(part):
        negated, name = found.groups()
        return lambda given: (name in given) is not bool(negated)
    raise bad_request(f"unable to parse requirement: {part}")


def _field_test(part: str) -> Test:
    found = _FIELD.fullmatch(part)
    if found is None:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path, operator, value = found.groups()
    return lambda item: (str(value_at(item, path) or "") == value) is (operator != "!=")
