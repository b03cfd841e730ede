"""The actions of Run Command that localcloud implements, one function each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from localcloud.faults import FaultBook, FaultKind
from localcloud.ssm import hosts, views
from localcloud.ssm.engine import CommandEngine
from localcloud.ssm.errors import (
    DuplicateInstanceId,
    InvalidCommandId,
    InvalidDocument,
    InvalidFilterKey,
    InvalidInstanceId,
    InvalidNextToken,
    InvalidParameters,
    InvalidPluginName,
    InvocationDoesNotExist,
    ValidationException,
)
from localcloud.ssm.model import DEFAULT_SECONDS, DOCUMENT, PLUGIN, Command, Invocation, Json

# Limits of AWS-RunShellScript; outside of them the agent uses its default timeout (pluginutil.go).
_PARAMETERS = frozenset({"commands", "workingDirectory", "executionTimeout"})
_EXECUTION_SECONDS = range(5, 172_801)
_INFORMATION = {"PlatformTypes": "PlatformType", "InstanceIds": "InstanceId"}
_INFORMATION_KEYS = ("AgentVersion", "InstanceIds", "PingStatus", "PlatformTypes", "ResourceType")
_PAGE = 50
Item = TypeVar("Item")


@dataclass(frozen=True)
class Session:
    """One call: its account, region and time, and the engine that carries it out."""

    account: str
    region: str
    engine: CommandEngine
    faults: FaultBook
    now: datetime

    def commands(self) -> list[Command]:
        """The commands of the caller's account and region, newest first."""
        return [c for c in reversed(self.engine.commands) if (c.account, c.region) == (self.account, self.region)]

    def offline(self, instance: str) -> bool:
        """Whether a fault keeps a host's agent offline."""
        named = hosts.names(self.account, self.region, instance)
        return bool(self.faults.strike(FaultKind.AGENT_OFFLINE, host=named))


Action = Callable[[Session, Json], Json]


def send_command(session: Session, params: Json) -> Json:
    """Run the document on hosts, given one by one (InstanceIds, or a target of that key)."""
    if params.get("DocumentName") != DOCUMENT:
        raise InvalidDocument(f"Document {params.get('DocumentName')} does not exist: localcloud has {DOCUMENT} alone.")
    instances = _addressed(session, params)
    given = params.get("Parameters") or {}
    command = Command(
        account=session.account,
        region=session.region,
        spec=params,
        requested_at=session.now,
        lines=_lines(given),
        directory=_single(given, "workingDirectory", ""),
        seconds=_seconds(given),
        invocations={instance: Invocation(instance) for instance in instances},
    )
    answer = {"Command": views.command(command)}
    session.engine.send(command)
    return answer


def get_command_invocation(session: Session, params: Json) -> Json:
    """The status of a command on one host."""
    if params.get("PluginName", PLUGIN) != PLUGIN:
        raise InvalidPluginName(f"{DOCUMENT} has one step, {PLUGIN}.")
    for command in session.commands():
        if command.id == params["CommandId"] and params["InstanceId"] in command.invocations:
            return views.result(command, command.invocations[params["InstanceId"]])
    raise InvocationDoesNotExist(f"There is no command {params['CommandId']} on {params['InstanceId']}.")


def list_commands(session: Session, params: Json) -> Json:
    """Commands, newest first, of all hosts or of one."""
    chosen = [c for c in _chosen(session, params) if _passes(views.command(c), params)]
    page, token = _page(chosen, params)
    return {"Commands": [views.command(command) for command in page], "NextToken": token}


def list_command_invocations(session: Session, params: Json) -> Json:
    """Invocations, those of the newest command first, of all hosts or of one."""
    details, instance = bool(params.get("Details")), params.get("InstanceId")
    shown = [
        views.invocation(command, invocation, details=details)
        for command in _chosen(session, params)
        for invocation in command.invocations.values()
        if instance in (None, invocation.instance)
    ]
    page, token = _page([view for view in shown if _passes(view, params)], params)
    return {"CommandInvocations": list(page), "NextToken": token}


def cancel_command(session: Session, params: Json) -> Json:
    """Kill a command on the given hosts, or on all of its hosts."""
    found = next((c for c in session.commands() if c.id == params["CommandId"]), None)
    if found is None:
        raise InvalidCommandId(f"There is no command {params['CommandId']}.")
    instances = params.get("InstanceIds") or list(found.invocations)
    if strangers := [i for i in instances if i not in found.invocations]:
        raise InvalidInstanceId(f"Command {found.id} was not sent to {', '.join(strangers)}.")
    session.engine.cancel(found, instances)
    return {}


def describe_instance_information(session: Session, params: Json) -> Json:
    """The instances that are not terminated; the running ones are online."""
    known = hosts.listed(session.account, session.region, session.now)
    wanted = [information for information in known if _is_wanted(session, information, params)]
    # Checked last: a fault applies only to hosts that would be in the answer.
    online = [information for information in wanted if not session.offline(information["InstanceId"])]
    page, token = _page(online, params)
    return {"InstanceInformationList": list(page), "NextToken": token}


ACTIONS: dict[str, Action] = {
    "SendCommand": send_command,
    "GetCommandInvocation": get_command_invocation,
    "ListCommands": list_commands,
    "ListCommandInvocations": list_command_invocations,
    "CancelCommand": cancel_command,
    "DescribeInstanceInformation": describe_instance_information,
}


def _addressed(session: Session, params: Json) -> list[str]:
    """The target hosts of a SendCommand.

    AWS accepts stopped instances too and ends the command later as Undeliverable; here that is taken for a mistake and
    refused at once.
    """
    targets = params.get("Targets") or []
    if unknown := [target["Key"] for target in targets if target["Key"] != "InstanceIds"]:
        raise ValidationException(f"localcloud sends commands to InstanceIds, not to targets by {', '.join(unknown)}.")
    asked = [*(params.get("InstanceIds") or ()), *(i for target in targets for i in target["Values"])]
    if len(set(asked)) < len(asked):
        raise DuplicateInstanceId("A host is named twice.")
    deaf = [i for i in asked if not hosts.runs(session.account, session.region, i) or session.offline(i)]
    if deaf or not asked:
        # AWS's message, as users quote it: "Instances [[i-...]] not in a valid state for account 123456789012".
        raise InvalidInstanceId(f"Instances [[{', '.join(deaf)}]] not in a valid state for account {session.account}")
    return asked


def _lines(given: Json) -> tuple[str, ...]:
    if strange := given.keys() - _PARAMETERS:
        raise InvalidParameters(f"{DOCUMENT} does not take {', '.join(sorted(strange))}.")
    if not given.get("commands"):
        raise InvalidParameters(f"{DOCUMENT} needs commands: the lines of the script.")
    return tuple(given["commands"])


def _single(given: Json, name: str, default: str) -> str:
    values = given.get(name) or [default]
    if len(values) != 1:
        raise InvalidParameters(f"{name} is one value, {len(values)} were given.")
    return str(values[0])


def _seconds(given: Json) -> int:
    text = _single(given, "executionTimeout", str(DEFAULT_SECONDS))
    if not text.isdigit():
        raise InvalidParameters(f"executionTimeout is {text!r}: give whole seconds.")
    return int(text) if int(text) in _EXECUTION_SECONDS else DEFAULT_SECONDS


def _chosen(session: Session, params: Json) -> list[Command]:
    wanted, instance = params.get("CommandId"), params.get("InstanceId")
    return [
        command
        for command in session.commands()
        if wanted in (None, command.id) and (instance is None or instance in command.invocations)
    ]


def _passes(view: Json, params: Json) -> bool:
    """Whether a command or an invocation matches the call's Filters."""
    return all(_has(view, asked["key"], asked["value"]) for asked in params.get("Filters") or ())


def _has(view: Json, key: str, value: str) -> bool:
    if key in ("Status", "DocumentName"):
        return bool(view[key] == value)
    if key not in ("InvokedAfter", "InvokedBefore"):
        raise InvalidFilterKey(f"localcloud filters commands by Status, DocumentName and time, not by {key}.")
    limit, at = datetime.fromisoformat(value), view["RequestedDateTime"]
    return bool(at > limit) if key == "InvokedAfter" else bool(at < limit)


def _is_wanted(session: Session, information: Json, params: Json) -> bool:
    old = [{"Key": f["key"], "Values": f["valueSet"]} for f in params.get("InstanceInformationFilterList") or ()]
    return all(_matches(session, information, f["Key"], f["Values"]) for f in (*old, *(params.get("Filters") or ())))


def _matches(session: Session, information: Json, key: str, values: Sequence[str]) -> bool:
    if key.startswith("tag:"):
        tags = hosts.tags(session.account, session.region, information["InstanceId"])
        return tags.get(key.removeprefix("tag:")) in values
    if key not in _INFORMATION_KEYS:
        raise InvalidFilterKey(f"localcloud filters hosts by {', '.join(_INFORMATION_KEYS)} and tags, not by {key}.")
    return information[_INFORMATION.get(key, key)] in values


def _page(items: Sequence[Item], params: Json) -> tuple[Sequence[Item], str | None]:
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise InvalidNextToken("The token is not one that an earlier page gave.")
    start = int(token)
    end = start + int(params.get("MaxResults") or _PAGE)
    return items[start:end], str(end) if end < len(items) else None
