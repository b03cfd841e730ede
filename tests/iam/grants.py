"""A role's policies taken apart into single grants, so that each can be asked what needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from localcloud.iam.policies import Need, Statement, allowed, matches, statements
from tests.iam.reasons import Reason


@dataclass(frozen=True)
class Grant:
    """One action of one statement on one of its resource patterns."""

    statement: Statement
    action: str
    resource: str

    def serves(self, need: Need) -> bool:
        """Whether this grant is what lets the need through."""
        return (
            matches(self.action, need.action, ignore_case=True)
            and matches(self.resource, need.resource)
            and self.statement.applies(need)
        )

    def alone(self) -> Statement:
        """The statement with this grant only."""
        return replace(self.statement, actions=(self.action,), resources=(self.resource,), not_resources=())

    def __str__(self) -> str:
        return f"{self.statement.policy}.{self.statement.sid}: {self.action} on {self.resource}"


def of_role(iam, role: str) -> list[Statement]:
    """The statements of a role's inline and attached policies, as IAM has them now; AWS's own policies are left out."""
    inline = iam.list_role_policies(RoleName=role)["PolicyNames"]
    found = [(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in inline]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        if ":aws:policy/" not in policy["PolicyArn"]:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]
            found.append((policy["PolicyName"], document["Document"]))
    return [statement for name, document in found for statement in statements(name, document)]


def grants(granted: Iterable[Statement]) -> Iterator[Grant]:
    """Every single grant of the statements that allow."""
    for statement in granted:
        for action in statement.actions if statement.effect == "Allow" else ():
            yield from (Grant(statement, action, resource) for resource in statement.resources or ("*",))


def refused(needs: Iterable[Need], granted: list[Statement]) -> list[str]:
    """The needs that the policies do not let through."""
    return sorted({str(need) for need in needs if not allowed(need, granted)})


def in_vain(needs: Iterable[Need], granted: list[Statement], reasons: Iterable[Reason]) -> list[str]:
    """The grants that nothing needs and no reason covers."""
    asked, told = list(needs), list(reasons)
    return [
        str(grant)
        for grant in grants(granted)
        if not any(grant.serves(need) for need in asked)
        and not any(r.covers(grant.statement.sid, grant.action, grant.resource) for r in told)
    ]


def outdated(needs: Iterable[Need], granted: list[Statement], reasons: Iterable[Reason]) -> list[str]:
    """Reasons that cover no grant, or one that something needs by now."""
    asked, found = list(needs), list(grants(granted))
    told = []
    for reason in reasons:
        covered = [g for g in found if reason.covers(g.statement.sid, g.action, g.resource)]
        used = [str(g) for g in covered if any(g.serves(need) for need in asked)]
        if used or not covered:
            told.append(f"{reason}: {'needed after all: ' + ', '.join(used) if used else 'there is no such grant'}")
    return told
