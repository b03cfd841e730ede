"""Decide whether a principal has one permission, from its own and the resource's policies; explicit denials win. Pure.

Source: IAM User Guide, "Policy evaluation for requests within a single account": within an account either side's Allow
is enough, a permissions boundary and a session's policy only limit, and a Deny anywhere wins. A KMS key and a role are
exceptions: unless the key's policy, or the role's trust, allows it, nobody may use them (KMS Developer Guide, "Key
policies"; IAM User Guide, "Troubleshoot IAM roles"). The messages are AWS's ("Troubleshoot access denied error
messages").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localcloud.iam.policies import Need, Statement

Statements = Sequence[Statement]


@dataclass(frozen=True)
class Principal:
    """The caller. arn: as in AWS's messages; entity: the role or user behind it, as policies name it; service: an AWS
    service instead. boundary, session: None where there is no such policy."""

    account: str
    arn: str
    entity: str = ""
    service: str = ""
    identity: Statements = ()
    boundary: Statements | None = None
    session: Statements | None = None

    def is_named_by(self, statement: Statement) -> bool:
        """Whether a resource's policy names this principal itself, or everybody."""
        if self.service:
            return bool({self.service, "*"} & {*statement.principals.get("Service", ())})
        return bool({"*", self.arn, self.entity} & {*statement.principals.get("AWS", ())})

    def is_of(self, statement: Statement) -> bool:
        """Whether a resource's policy names this principal's account, and so delegates to IAM."""
        root = f":iam::{self.account}:root"
        named = statement.principals.get("AWS", ())
        return not self.service and any(who == self.account or who.endswith(root) for who in named)


@dataclass(frozen=True)
class ResourcePolicy:
    """The policy of the requested resource. decides: it is a KMS key's policy or a role's trust, whose Allow is
    required."""

    statements: Statements = ()
    decides: bool = False


NO_POLICY = ResourcePolicy()


def denial(need: Need, who: Principal, resource: ResourcePolicy = NO_POLICY) -> str | None:
    """AWS's message why the need is denied; None when it is allowed. Raises policies.Unsupported."""
    spoken = [s for s in resource.statements if who.is_named_by(s) or who.is_of(s)]
    limits = (("a session policy", who.session), ("a permissions boundary", who.boundary))
    layers = (("an identity-based policy", who.identity), ("a resource-based policy", spoken), *limits)
    for name, statements in layers:
        if _any(statements or (), "Deny", need):
            return f"with an explicit deny in {name}"
    if missing := _missing(need, who, spoken, resource):
        return f"because no {missing} allows the {need.action} action"
    return None


def _missing(need: Need, who: Principal, spoken: Statements, resource: ResourcePolicy) -> str:
    """The kind of policy that would have to allow the need and does not."""
    itself = _any((s for s in spoken if who.is_named_by(s)), "Allow", need)
    if resource.decides and not itself and not _any(spoken, "Allow", need):
        return "resource-based policy"
    if who.service:
        return "" if itself else "resource-based policy"
    if not itself and not _any(who.identity, "Allow", need):
        return "identity-based policy"
    if who.boundary is not None and not _any(who.boundary, "Allow", need):
        return "permissions boundary"
    if who.session is not None and not _any(who.session, "Allow", need):
        return "session policy"
    return ""


def _any(statements: Iterable[Statement], effect: str, need: Need) -> bool:
    return any(statement.effect == effect and statement.applies(need) for statement in statements)
