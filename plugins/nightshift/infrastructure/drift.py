"""Drift hook: where applied stacks differ from their terraform, from a plan of each; remembers what was notified.

The foundation is planned with the settings' variables: what was changed by hand, and what its files say and nobody
applied. The library does not know with which variables the optional stacks were applied, so of these only a refresh is
planned: what was changed by hand since. Runs' own stacks live for hours, under the reaper's care, and are left out.
Nothing is applied, and no lock is taken.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients, topic
from nightshift.config import Settings
from nightshift.failures.errors import PreflightError, TerraformError
from nightshift.infrastructure import stacks
from nightshift.infrastructure.terraform import TerraformHook

LOG = logging.getLogger(__name__)
KEY = "drift.json"  # in the state bucket: what was notified already
STATE = ".tfstate"
FOUNDATION = "foundation"
UNCHANGED = (["no-op"], ["read"])
WHOLE = "resource"  # in place of an attribute: all of it is gone, or new
MODULE = re.compile(r"\bmodule\.([\w-]+)")
TOP = re.compile(r"[^.\[]*")  # an attribute, of the path to a part of it
DERIVED = {"tags_all"}  # of an attribute that is shown itself
SENSITIVE, UNKNOWN = "(sensitive)", "(known after apply)"
LONGEST = 120  # characters of a value
MOST_LOOKUPS = 10  # CloudTrail answers two a second
NOBODY = "CloudTrail does not say who"


@dataclass(frozen=True)
class Difference:
    """One attribute that differs: `before` as terraform has it, `after` as it is now, both as JSON, cut."""

    stack: str
    address: str
    attribute: str
    before: str
    after: str
    resource_id: str = ""
    who: str = ""

    @property
    def digest(self) -> str:
        """What distinguishes it from others, also from the same attribute with another value."""
        words = (self.stack, self.address, self.attribute, self.before, self.after)
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        who = f" ({self.who})" if self.who else ""
        return f"{self.stack}: {self.address} {self.attribute}: {self.before} -> {self.after}{who}"


@dataclass(frozen=True)
class Comparison:
    """The differences of all applied stacks; `stacks` were compared, `unseen` says of the others why not."""

    differences: Sequence[Difference]
    stacks: Sequence[str]
    unseen: Mapping[str, str]


def compare(settings: Settings) -> Comparison:
    """Compare every applied stack with its terraform. What cannot be compared is in the result. Raises botocore's
    errors if the state bucket cannot be listed."""
    differences: list[Difference] = []
    compared, unseen = [], {}
    for state in _states(settings):
        try:
            differences += _of_stack(settings, state)
            compared.append(state)
        except (ClientError, BotoCoreError) as refused:
            unseen[state] = " ".join(str(refused).split())
        except (TerraformError, PreflightError) as failed:
            unseen[state] = str(failed.args[0])
    return Comparison(differences, compared, unseen)


def differences(stack: str, plan: Mapping[str, Any]) -> list[Difference]:
    """The differences in a plan (`terraform show -json`): what it would change, and what was changed by hand since the
    last apply (`resource_drift`), each attribute once. The format: Terraform, "JSON Output Format"."""
    planned = [d for change in plan.get("resource_changes", ()) for d in _of_change(stack, change, planned=True)]
    drifted = [d for change in plan.get("resource_drift", ()) for d in _of_drift(stack, change, plan)]
    once = {(d.address, d.attribute): d for d in (*drifted, *planned)}
    return [once[key] for key in sorted(once)]


def who_changed(settings: Settings, differences: Iterable[Difference]) -> list[Difference]:
    """The same with who changed the resource last, by CloudTrail's LookupEvents (90 days), where that says so."""
    named = list(differences)
    ids = dict.fromkeys(d.resource_id for d in named if d.resource_id)
    who = {resource: _last_writer(settings, resource) for resource in list(ids)[:MOST_LOOKUPS]}
    return [replace(d, who=who.get(d.resource_id, NOBODY)) for d in named]


def notify(settings: Settings, compared: Comparison, now: datetime) -> list[Difference]:
    """Notify the topic, in one message, of the differences that are new since the last check; returns them. What a
    stack had that could not be compared this time stays known. Raises botocore's errors; the next check then notifies
    again."""
    before = known(settings)
    seen = {d.digest: d for d in compared.differences}
    news = who_changed(settings, [d for digest, d in seen.items() if digest not in before])
    if news:
        lines = ["These attributes differ from terraform, which did not change them. Nothing was applied:"]
        topic.publish(
            settings, f"drift: {news[0].address} [{settings.name}]"[:100], "\n".join([*lines, *map(str, news)])
        )
    since = f"{now:%Y-%m-%d}"
    kept = {digest: entry for digest, entry in before.items() if digest in seen or entry["stack"] in compared.unseen}
    kept |= {d.digest: {**asdict(d), "since": since} for d in news}
    if kept != before:
        body = json.dumps({"differences": kept}, indent=1, ensure_ascii=False).encode()
        clients.client(settings, "s3").put_object(Bucket=settings.bucket("state"), Key=KEY, Body=body)
    return news


def known(settings: Settings) -> dict[str, dict[str, Any]]:
    """What was notified and still differed at the last check, by digest; each with its date `since`."""
    s3 = clients.client(settings, "s3")
    try:
        kept = json.loads(s3.get_object(Bucket=settings.bucket("state"), Key=KEY)["Body"].read())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return {}
    return dict(kept["differences"])


def _states(settings: Settings) -> list[str]:
    """The applied stacks, by their states' names without ending; [] while there is no state bucket."""
    s3 = clients.client(settings, "s3")
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket("state"), Delimiter="/")
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    except s3.exceptions.NoSuchBucket:
        return []
    return [key.removesuffix(STATE) for key in keys if key.endswith(STATE)]


def _of_stack(settings: Settings, state: str) -> list[Difference]:
    """The differences of one stack. Raises TerraformError, PreflightError, botocore's errors."""
    s3 = clients.client(settings, "s3")
    stored = json.loads(s3.get_object(Bucket=settings.bucket("state"), Key=f"{state}{STATE}")["Body"].read())
    if not stored.get("resources"):
        return []  # it was destroyed
    hook = TerraformHook(settings, _folder(settings, state), f"{state}{STATE}")
    if lock := hook.lock():
        raise PreflightError(f"The state {state}{STATE} is locked by {lock.who}.")
    if state == FOUNDATION:
        return differences(state, hook.plan(stacks.foundation(settings), settings.tfvars))
    own = {"name": settings.name, "region": settings.region}
    return differences(state, hook.plan(own, refresh_only=True))


def _folder(settings: Settings, state: str) -> str:
    """The stack that a state is of: of its name, or of the word before its first dash (rds-cards)."""
    for name in (state, state.partition("-")[0]):
        if (settings.stacks_dir / name).is_dir():
            return name
    raise PreflightError(f"include/terraform/stacks has no stack for {state}{STATE}.")


def _of_drift(stack: str, change: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[Difference]:
    """The attributes of a resource that changed since the last apply, of those that its configuration sets. The others
    are what a refresh knows better, such as the policies of a role that are resources of their own."""
    configured = _configured(plan.get("configuration", {}).get("root_module", {}), change)
    for difference in _of_change(stack, change, planned=False):
        if difference.attribute == WHOLE or TOP.match(difference.attribute)[0] in configured:  # type: ignore[index]
            yield difference


def _configured(module: Mapping[str, Any], change: Mapping[str, Any]) -> set[str]:
    """The attributes that the configuration of a resource sets."""
    for name in MODULE.findall(change.get("module_address", "")):
        module = module.get("module_calls", {}).get(name, {}).get("module", {})
    same = [r for r in module.get("resources", ()) if (r["type"], r["name"]) == (change["type"], change["name"])]
    return {attribute for resource in same for attribute in resource.get("expressions", {})}


def _of_change(stack: str, change: Mapping[str, Any], *, planned: bool) -> Iterator[Difference]:
    """The attributes of one resource. A plan goes from what is to what terraform wants; drift from what terraform had
    to what is."""
    inner = change["change"]
    if inner["actions"] in UNCHANGED or change.get("mode") == "data":
        return
    is_, wanted = ("before", "after") if planned else ("after", "before")
    actual, expected = _shown(inner, is_), _shown(inner, wanted)
    resource_id = str((inner[is_] or inner[wanted] or {}).get("id") or "")
    if actual is None or expected is None:
        words = ('"exists"', "null") if actual is None else ("null", '"exists"')
        yield Difference(stack, change["address"], WHOLE, *words, resource_id)
        return
    for path, before, after in _leaves("", expected, actual):
        yield Difference(stack, change["address"], path, _text(before), _text(after), resource_id)


def _shown(change: Mapping[str, Any], side: str) -> Any:
    """One side of a change, with what is sensitive or not known yet replaced by words."""
    unknown = change.get("after_unknown") if side == "after" else None
    return _replaced(_replaced(change[side], change.get(f"{side}_sensitive"), SENSITIVE), unknown, UNKNOWN)


def _replaced(value: Any, marks: Any, words: str) -> Any:
    """A value of which the parts are replaced that `marks`, of the same shape, has true for."""
    if marks is True:
        return words
    if isinstance(marks, dict) and isinstance(value, dict):
        return {key: _replaced(value.get(key), marks.get(key), words) for key in {**value, **marks}}
    if isinstance(marks, list) and isinstance(value, list):
        return [_replaced(part, mark, words) for part, mark in zip_longest(value, marks[: len(value)])]
    return value


def _leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """The parts that differ, as (path, before, after). A text of JSON, such as a policy, is compared by its parts;
    null and empty are the same to terraform; what is only known after an apply is no difference of today."""
    before, after = _parsed(before), _parsed(after)
    if before == after or (not before and not after) or UNKNOWN in (before, after):
        return
    if _is_one_of(dict, before, after):
        for key in sorted({**(before or {}), **(after or {})}):
            if path or key not in DERIVED:
                yield from _leaves(f"{path}.{key}".lstrip("."), (before or {}).get(key), (after or {}).get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _leaves(f"{path}[{number}]", one, other)
    else:
        yield path, before, after


def _is_one_of(kind: type, *values: Any) -> bool:
    """Whether one of the values is of this type, and the others are or are null."""
    return any(isinstance(value, kind) for value in values) and all(v is None or isinstance(v, kind) for v in values)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _last_writer(settings: Settings, resource: str) -> str:
    """Who changed a resource last, how and when."""
    by_name: Any = [{"AttributeKey": "ResourceName", "AttributeValue": resource}]
    try:
        trail = clients.client(settings, "cloudtrail")
        events = trail.lookup_events(LookupAttributes=by_name, MaxResults=50)["Events"]  # the newest first
    except (BotoCoreError, ClientError) as refused:
        LOG.info("CloudTrail does not say who changed %s: %s", resource, refused)
        return NOBODY
    writes = [event for event in events if event.get("ReadOnly") != "true"]
    if not writes:
        return NOBODY
    last = writes[0]
    return f"{last.get('Username', 'somebody')}, {last['EventName']}, {last['EventTime']:%Y-%m-%d %H:%M}Z"
