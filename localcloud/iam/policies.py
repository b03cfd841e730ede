"""IAM's evaluation of policies, as far as this project's policies need: wildcards, conditions, deny before allow.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements". An unknown operator or element raises,
so that a policy which begins to use one is not evaluated wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Need:
    """One permission that a call needs. context: condition keys (lower case) with the call's values."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict, hash=False)
    call: str = field(default="", compare=False)

    def __str__(self) -> str:
        known = ", ".join(f"{key}={value}" for key, value in self.context.items())
        return f"{self.call}: {self.action} on {self.resource} ({known or 'no conditions'})"


class Unsupported(KeyError):
    """A policy has an operator or an element that is not implemented here."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, with single values as lists. principals: of a resource's policy, by kind (AWS,
    Service)."""

    policy: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]] = field(hash=False)
    not_actions: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def applies(self, need: Need) -> bool:
        """Whether the statement applies to this need, for any principal."""
        return (
            self._names(need.action)
            and self._covers(need.resource)
            and all(_holds(operator, block, need.context) for operator, block in self.conditions.items())
        )

    def _names(self, action: str) -> bool:
        if self.not_actions:
            return not any(matches(pattern, action, ignore_case=True) for pattern in self.not_actions)
        return any(matches(pattern, action, ignore_case=True) for pattern in self.actions)

    def _covers(self, resource: str) -> bool:
        if self.not_resources:
            return not any(matches(pattern, resource) for pattern in self.not_resources)
        return any(matches(pattern, resource) for pattern in self.resources)


def statements(policy: str, document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of one policy document. Raises Unsupported."""
    for number, given in enumerate(_listed(document["Statement"])):
        if "NotPrincipal" in given:
            raise Unsupported("NotPrincipal")
        trust = "Principal" in given and not given.keys() & {"Resource", "NotResource"}
        yield Statement(
            policy,
            given.get("Sid", f"#{number}"),
            given["Effect"],
            tuple(_listed(given.get("Action", []))),
            ("*",) if trust else tuple(_listed(given.get("Resource", []))),
            tuple(_listed(given.get("NotResource", []))),
            given.get("Condition", {}),
            tuple(_listed(given.get("NotAction", []))),
            _principals(given.get("Principal", {})),
        )


def _principals(given: Any) -> dict[str, tuple[str, ...]]:
    """The principals of a resource's policy by kind; "*" is everybody, as {"AWS": "*"} is."""
    named = {"AWS": given} if isinstance(given, str) else given
    return {kind: tuple(_listed(who)) for kind, who in named.items()}


def allowed(need: Need, granted: Iterable[Statement]) -> bool:
    """Allowed by one statement and denied by none."""
    effects = {statement.effect for statement in granted if statement.applies(need)}
    return effects == {"Allow"}


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: * for any characters, / and : among them, ? for one."""
    return _regex(pattern, ignore_case).fullmatch(value) is not None


@cache
def _regex(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    translated = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(translated, re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": matches,
    "ArnLike": matches,
    "ArnEquals": matches,  # "ArnEquals and ArnLike behave identically" (Condition operators)
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}


def _holds(operator: str, block: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Whether a condition block is true: every key must match, by any of its values, and an absent key does not match,
    except for Null and StringNotEquals."""
    if operator == "Null":
        return all((key.lower() not in context) is (values in ("true", ["true"])) for key, values in block.items())
    if operator == "StringNotEquals":
        return all(context.get(key.lower()) not in _listed(values) for key, values in block.items())
    if operator not in OPERATORS:
        raise Unsupported(operator)
    test = OPERATORS[operator]
    return all(
        (value := context.get(key.lower())) is not None and any(test(wanted, value) for wanted in _listed(values))
        for key, values in block.items()
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
