"""Patches for moto's EC2, for EMR security groups that refer to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import InvalidPermissionNotFoundError, InvalidSecurityGroupRuleIdNotFoundError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule


def rules_that_name_a_group_keep_their_description() -> None:
    """A rule keeps its description whatever its source; moto loses it when the source is a security group."""

    def description(self: Any) -> str | None:
        found: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return found

    SecurityGroupRule.description = property(description)


def rules_are_revoked_by_group_id() -> None:
    """A rule whose source is a group is matched by the group's id; moto also compares owner and description."""
    equal = SecurityGroupRule.__eq__

    def same_rule(self: Any, other: Any) -> bool:
        if self.source_group.get("GroupId") != other.source_group.get("GroupId"):
            return False
        # moto's comparison of the other fields is right: make the groups equal for it.
        mine = self.source_group
        try:
            self.source_group = other.source_group
            return bool(equal(self, other))
        finally:
            self.source_group = mine

    SecurityGroupRule.__eq__ = same_rule


def revoking_a_gone_rule_says_so() -> None:
    """Revoking a missing rule by its id returns InvalidSecurityGroupRuleId.NotFound.

    Terraform ignores only that code when two groups that refer to each other are destroyed in parallel.
    """
    for name in ("revoke_security_group_ingress", "revoke_security_group_egress"):
        setattr(SecurityGroupBackend, name, _naming_the_gone_rule(getattr(SecurityGroupBackend, name)))


def _naming_the_gone_rule(revoke: Callable[..., Any]) -> Callable[..., Any]:
    def revoke_by_id(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return revoke(self, *args, **kwargs)
        except InvalidPermissionNotFoundError:
            if rule_ids := kwargs.get("security_rule_ids"):
                raise InvalidSecurityGroupRuleIdNotFoundError(rule_ids[0]) from None
            raise

    return revoke_by_id
