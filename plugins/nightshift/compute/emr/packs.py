"""Packs: runs that share a cluster and the stack that it needs (docs/decisions/0058-one-cluster-for-several.md).

A pack is a context of its own, `pack_<group>/<number>`: the stack and the clusters have its names and tags, and belong
to no member. Who uses them is one object in the lake, packs/<group>/<number>.json, that members change by
compare-and-swap. Numbers have no gaps; the last is the one that newcomers join. The objects stay: the shares of a
cluster's cost are computed from them.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from nightshift.aws import clients, clock
from nightshift.aws.conditional import put_if
from nightshift.compute.emr import spec
from nightshift.compute.home import Home, Outputs, Own
from nightshift.contracts.pipeline import Inputs, Pipeline
from nightshift.run.run_context import RunContext

if TYPE_CHECKING:
    from nightshift.config import Settings

LOG = logging.getLogger(__name__)
BUILD = timedelta(minutes=10)  # for terraform's apply of the pack's stack; then others open another pack
START = timedelta(minutes=5)  # for a RunJobFlow with its retries; then another member requests a cluster
PACK = re.compile(r"pack_(?P<group>\w+)/(?P<number>\d{6})")
Document = dict[str, Any]
T = TypeVar("T")


class Stay(NamedTuple):
    """A member's use of one cluster. `last`: when it ended, no other member used the cluster."""

    run: str
    place_id: str
    begin: datetime
    end: datetime | None
    last: bool


@dataclass(frozen=True)
class Pack:
    """One pack, as a member uses it. `given` are its stack's outputs, if another member has applied it."""

    member: RunContext
    group: str
    number: int
    opened_at: datetime
    business_date: date
    given: Outputs | None = field(default=None, compare=False)

    @property
    def context(self) -> RunContext:
        """The context that the stack and the clusters are named by. It may cost what its pipelines may together."""
        settings, name = self.member.settings, f"pack_{self.group}"
        pipeline = Pipeline(name=name, title=name, inputs=Inputs(prefix=""), steps=(), gold=())
        return RunContext(
            settings=settings,
            pipeline=pipeline,
            run_id=f"{self.number:06d}",
            requested_at=self.opened_at,
            business_date=self.business_date,
            input_prefix="",
            compute=self.member.compute,
            max_usd=settings.max_usd_per_night * len(settings.groups.get(self.group, (name,))),
        )

    @property
    def why(self) -> str:
        document = self._read()[0]
        if document.get("closer") == self.member.run:
            return f"The cluster and its stack were those of {self.context.run}; this run was the last to use them."
        others = ", ".join(_others(document, self.member.run)) or "no other run"
        return f"The cluster and its stack are those of {self.context.run}, which {others} uses now."

    def outputs(self) -> Outputs | None:
        return self.given

    def built(self, outputs: Outputs) -> None:
        def edit(document: Document, _now: datetime) -> None:
            document["outputs"], document["turn"] = dict(outputs), None

        self.change(edit)

    def board(self, usable: Callable[[], Sequence[str]], create: Callable[[], str]) -> str:
        """The cluster that the member uses from now on: the one it uses, one of `usable`, else what `create` gives.
        One member requests a cluster at a time; the others wait for it, for START at most."""
        while True:
            there = usable()
            answer = self.change(partial(_board, run=self.member.run, there=there))
            if isinstance(answer, str):
                return answer
            if answer:
                return self.change(partial(_stay, run=self.member.run, place_id=create()))
            time.sleep(self.member.settings.poll_seconds)

    def leave_places(self) -> list[str]:
        """End the member's use of clusters; returns those that nobody used then, which the member ends."""
        run = self.member.run
        ended: list[str] = self.change(partial(_leave_places, run=run))
        LOG.info("%s has left the clusters of %s; nobody uses %s.", run, self.context.run, ", ".join(ended) or "none")
        return ended

    @property
    def is_deserted(self) -> bool:
        """Whether no member uses a cluster of the pack or requests one."""
        document = self._read()[0]
        turn = document["turn"]
        is_starting = bool(turn) and _moment(turn["until"]) > clock.now(self.member.settings)
        return not is_starting and all(stay["end"] for stay in document["stays"])

    def stays(self, place_id: str = "") -> list[Stay]:
        """Every member's use of this cluster, or the own use of every cluster, oldest first."""
        whose = [
            stay
            for stay in self._read()[0]["stays"]
            if (stay["place"] == place_id if place_id else stay["run"] == self.member.run)
        ]
        return [
            Stay(s["run"], s["place"], _moment(s["begin"]), _moment(s["end"]) if s["end"] else None, s["last"])
            for s in whose
        ]

    def leave(self) -> list[RunContext]:
        return [self.context] if self.change(partial(_leave, run=self.member.run)) else []

    def left(self) -> None:
        def edit(document: Document, now: datetime) -> None:
            document["members"].get(self.member.run, {})["left_at"] = now.isoformat()

        self.change(edit)

    def to_prove(self) -> list[RunContext]:
        is_closer = self._read()[0].get("closer") == self.member.run
        return [self.member, *([self.context] if is_closer else [])]

    def change(self, edit: Callable[[Document, datetime], T]) -> T:
        """Change the pack's object by compare-and-swap: `edit` changes the document that it gets, at S3's time; returns
        what `edit` returned for the document that was written. S3 gives whole seconds, so of two changes in one second
        the later gets a microsecond more: who left last is known."""
        settings = self.member.settings
        while True:
            document, etag = self._read()
            changed = copy.deepcopy(document)
            now = max(clock.now(settings), _moment(document["changed_at"]) + timedelta(microseconds=1))
            answer = edit(changed, now)
            if changed == document:
                return answer
            body = json.dumps({**changed, "changed_at": now.isoformat()}, indent=1).encode()
            s3, bucket = clients.client(settings, "s3"), settings.bucket("lake")
            if put_if(s3, bucket, _key(self.group, self.number), body, IfMatch=etag):
                return answer

    def _read(self) -> tuple[Document, str]:
        settings = self.member.settings
        there = clients.client(settings, "s3").get_object(
            Bucket=settings.bucket("lake"), Key=_key(self.group, self.number)
        )
        return json.loads(there["Body"].read()), there["ETag"]


def home(run: RunContext) -> Home:
    """The run's pack if it has joined one, else its own names."""
    if not run.settings.group_of(run.pipeline.name):
        return Own(run)
    pointer = _read_json(run.settings, _pointer(run)) or {}
    return _pack(run, pointer["pack"]) if pointer.get("pack") else Own(run, pointer.get("why", ""))


def join(run: RunContext, foundation: Mapping[str, Any]) -> Home:
    """Join the group's pack, or open one; returns it once its stack is applied, or it is this run's turn to apply it.
    A run that cannot share keeps its own names, and its home says why."""
    group = run.settings.group_of(run.pipeline.name)
    if not group:
        return Own(run)
    why = refusal(run)
    profile = {} if why else _profile(run, foundation)
    while not why:
        pack = _latest(run, group) or _open(run, group, 1, profile)
        answer, more = pack.change(partial(_enter, run=run, profile=profile))
        if answer == "joined":
            _point(run, pack=_facts(pack))
            return replace(pack, given=more)
        if answer == "other":
            why = str(more)
        elif answer == "next":
            _open(run, group, pack.number + 1, profile)
        else:
            time.sleep(run.settings.poll_seconds)
    _point(run, why=f"{run.run} has a cluster of its own, not that of the pack {group}: {why}.")
    return home(run)


def intent(run: RunContext) -> str:
    """Whose cluster the run would use, for a plan; '' for a pipeline of no pack."""
    group = run.settings.group_of(run.pipeline.name)
    if not group:
        return ""
    if why := refusal(run):
        return f"has a cluster of its own, not that of the pack {group}: {why}"
    others = [name for name in run.settings.groups[group] if name != run.pipeline.name]
    return f"shares the cluster of the pack {group} while it lives, with {' and '.join(others) or 'runs of its own'}"


def refusal(run: RunContext) -> str:
    """Why the run cannot use a cluster that others use too; '' if it can."""
    reasons = {
        f"it runs on {run.compute}": run.compute != "emr",
        f"its engine is {run.engine}": run.engine != "spark",
        "it reads a database, whose secret only its own nodes may open": bool(run.source_secret),
        "it has an ingestion host": bool(run.routes),
        f"it opens SSH to {run.ssh_cidr}": bool(run.ssh_cidr),
        "it keeps its cluster": run.keep_cluster,
    }
    return next((why for why, holds in reasons.items() if holds), "")


def members(settings: Settings, run: str) -> list[str] | None:
    """The runs that have joined the pack with this name and not left it; None if it is no pack's name."""
    named = PACK.fullmatch(run)
    if not named:
        return None
    document = _read_json(settings, _key(named["group"], int(named["number"])))
    return _others(document, "") if document else None


def _enter(document: Document, now: datetime, *, run: RunContext, profile: Document) -> tuple[str, Any]:
    """What a run that wants to join does now: ("joined", the stack's outputs, None if it applies it itself), "wait" for
    another that applies it, open the "next" pack, or use an "other" cluster, with the reason."""
    is_member = run.run in _others(document, "")
    if not is_member and (document["sealed"] or now > _moment(document["opened_at"]) + _limit(run)):
        return "next", None
    if not is_member and (differs := _difference(profile, document["profile"])):
        return "other", differs
    document["members"][run.run] = {"joined_at": now.isoformat(), "left_at": None}
    if document["outputs"] is not None:
        return "joined", document["outputs"]
    turn = document["turn"]
    if not turn or turn["run"] == run.run:
        document["turn"] = _turn(run.run, now + BUILD)
        return "joined", None
    if document["sealed"] or _moment(turn["until"]) < now:
        document["sealed"] = True  # whoever applies its stack may be dead: its run's cleanup removes it
        document["members"][run.run]["left_at"] = now.isoformat()
        return "next", None
    return "wait", None


def _board(document: Document, now: datetime, *, run: str, there: Sequence[str]) -> str | Literal[True] | None:
    """The cluster that the run uses from now on, True if it requests one, None if it waits for another member."""
    mine = [stay for stay in document["stays"] if stay["run"] == run and not stay["end"]]
    for stay in (stay for stay in mine if stay["place"] not in there):
        stay["end"] = now.isoformat()
    if mine and mine[-1]["place"] in there:
        return str(mine[-1]["place"])
    if fit := [place for place in there if place not in document["ending"]]:
        return _stay(document, now, run=run, place_id=fit[0])
    turn = document["turn"]
    if turn and turn["run"] != run and _moment(turn["until"]) > now:
        return None
    document["turn"] = _turn(run, now + START)
    return True


def _stay(document: Document, now: datetime, *, run: str, place_id: str) -> str:
    document["stays"].append({"run": run, "place": place_id, "begin": now.isoformat(), "end": None, "last": False})
    if document["turn"] and document["turn"]["run"] == run:
        document["turn"] = None
    return place_id


def _leave_places(document: Document, now: datetime, *, run: str) -> list[str]:
    """End the run's stays; returns the clusters that nobody used when it left them, also when it left them before."""
    for stay in (stay for stay in document["stays"] if stay["run"] == run and not stay["end"]):
        stay["end"] = now.isoformat()
        stay["last"] = not any(s["place"] == stay["place"] and not s["end"] for s in document["stays"])
        document["ending"] += [stay["place"]] if stay["last"] else []
    if document["turn"] and document["turn"]["run"] == run and document["outputs"] is not None:
        document["turn"] = None
    return [stay["place"] for stay in document["stays"] if stay["run"] == run and stay["last"]]


def _leave(document: Document, now: datetime, *, run: str) -> bool:
    """Whether the run removes the pack now: it is the last that uses it, or has not finished its stack. It stays a
    member until it has."""
    if run not in _others(document, ""):
        return False
    is_builder = document["outputs"] is None and (document["turn"] or {}).get("run") == run
    if _others(document, run) and not is_builder:
        document["members"][run]["left_at"] = now.isoformat()
        return False
    document["sealed"], document["closer"] = True, run
    return True


def _others(document: Document, run: str) -> list[str]:
    """The members that have not left, without this one."""
    return [name for name, facts in document["members"].items() if not facts["left_at"] and name != run]


def _profile(run: RunContext, foundation: Mapping[str, Any]) -> Document:
    """What the members of a pack have in common, by the words in which a difference is said."""
    settings = run.settings
    fleets = "; ".join(
        f"{fleet['Name']} {fleet['TargetOnDemandCapacity']}+{fleet['TargetSpotCapacity']} of "
        + ", ".join(config["InstanceType"] for config in fleet["InstanceTypeConfigs"])
        for fleet in spec.fleets(run)
    )
    return {
        "release": settings.release_label,
        "Python": settings.cluster_python,
        "fleets": fleets,
        "subnets": ", ".join(sorted(foundation["subnet_ids"])),
        "instance profile": spec.instance_profile(run, foundation),
    }


def _difference(profile: Document, other: Document) -> str:
    """The first difference of a run's profile from its pack's, in words; '' if there is none."""
    differs = [what for what, own in profile.items() if own != other.get(what)]
    return f"its {differs[0]} is {profile[differs[0]]}, the pack's {other.get(differs[0])}" if differs else ""


def _latest(run: RunContext, group: str) -> Pack | None:
    """The group's last pack; None before its first."""
    settings = run.settings
    pages = clients.client(settings, "s3").get_paginator("list_objects_v2")
    keys = [
        item["Key"]
        for page in pages.paginate(Bucket=settings.bucket("lake"), Prefix=f"packs/{group}/")
        for item in page.get("Contents", [])
    ]
    if not keys:
        return None
    number = int(keys[-1].rpartition("/")[2].removesuffix(".json"))
    return _pack(run, {**(_read_json(settings, keys[-1]) or {}), "group": group, "number": number})


def _open(run: RunContext, group: str, number: int, profile: Document) -> Pack:
    """The pack of that number, opened now if nobody has."""
    now = clock.now(run.settings)
    document: Document = {
        "opened_at": now.isoformat(),
        "changed_at": now.isoformat(),
        "business_date": str(run.business_date),
        "profile": profile,
        "outputs": None,
        "turn": None,
        "sealed": False,
        "closer": "",
        "members": {},
        "stays": [],
        "ending": [],
    }
    s3, bucket, key = clients.client(run.settings, "s3"), run.settings.bucket("lake"), _key(group, number)
    put_if(s3, bucket, key, json.dumps(document).encode(), IfNoneMatch="*")
    return _latest(run, group) or _pack(run, {**document, "group": group, "number": number})


def _pack(run: RunContext, facts: Mapping[str, Any]) -> Pack:
    day = date.fromisoformat(facts["business_date"])
    return Pack(run, facts["group"], int(facts["number"]), _moment(facts["opened_at"]), day)


def _facts(pack: Pack) -> Document:
    """What a run keeps of its pack."""
    return {
        "group": pack.group,
        "number": pack.number,
        "opened_at": pack.opened_at.isoformat(),
        "business_date": str(pack.business_date),
    }


def _point(run: RunContext, **facts: Any) -> None:
    clients.client(run.settings, "s3").put_object(
        Bucket=run.settings.bucket("lake"), Key=_pointer(run), Body=json.dumps(facts).encode()
    )


def _read_json(settings: Settings, key: str) -> Document | None:
    s3 = clients.client(settings, "s3")
    try:
        document: Document = json.loads(s3.get_object(Bucket=settings.bucket("lake"), Key=key)["Body"].read())
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return None
    return document


def _pointer(run: RunContext) -> str:
    return f"{run.record_prefix}pack.json"


def _key(group: str, number: int) -> str:
    return f"packs/{group}/{number:06d}.json"


def _turn(run: str, until: datetime) -> Document:
    return {"run": run, "until": until.isoformat()}


def _limit(run: RunContext) -> timedelta:
    """How long a pack takes newcomers: as long as a cluster may live."""
    return timedelta(minutes=run.settings.cluster_limit_minutes)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
