"""The principal of an access key, with its current policies in moto's IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localcloud.iam.decision import Principal, Statements
from localcloud.iam.policies import Statement, statements


def principal_of(access_key: str) -> Principal | None:
    """The user or role session that owns a key of moto's IAM or STS; None if there is no owner.

    Raises policies.Unsupported.
    """
    for account, iam, session, user in _owners(access_key):
        return _session(account, iam, session) if session else _user(account, iam, user)
    return None


def name_of(access_key: str) -> str:
    """The ARN of the user or role session that owns a key; empty if there is no owner."""
    return next((str((session or user).arn) for _, _, session, user in _owners(access_key)), "")


def _owners(access_key: str) -> Iterator[tuple[str, Any, Any, Any]]:
    """Account, IAM backend, and the session or user to whom moto issued the key."""
    # Copies: moto adds accounts when other threads ask for them.
    for account, partitions in list(iam_backends.items()):
        for partition, iam in list(partitions.items()):
            session = sts_backends[account][partition].get_assumed_role_from_access_key(access_key)
            user = None if session else iam.get_user_from_access_key_id(access_key)
            if session or user:
                yield account, iam, session, user


def parsed(name: str, document: str) -> tuple[Statement, ...]:
    """The statements of a policy's text. Raises policies.Unsupported."""
    return _parsed(name, document)


def _session(account: str, iam: Any, session: Any) -> Principal:
    own = parsed("session", session.policy) if session.policy else None
    try:
        role = iam.get_role_by_arn(session.role_arn)
    except NotFoundException:
        return Principal(account, session.arn, session.role_arn, session=own)  # the role no longer exists
    boundary = _bounds(iam, role.permissions_boundary)
    return Principal(account, session.arn, role.arn, identity=tuple(_of(role)), boundary=boundary, session=own)


def _user(account: str, iam: Any, user: Any) -> Principal:
    groups = iam.get_groups_for_user(user.name)
    identity = tuple(statement for entity in (user, *groups) for statement in _of(entity))
    boundary = _bounds(iam, getattr(user, "permissions_boundary", None))
    return Principal(account, user.arn, user.arn, identity=identity, boundary=boundary)


def _of(entity: Any) -> Iterator[Statement]:
    """The statements of the inline and attached policies of a role, a user or a group."""
    for name, document in list(entity.policies.items()):
        yield from parsed(name, document)
    for policy in list(entity.managed_policies.values()):
        yield from parsed(policy.name, _document(policy))


def _bounds(iam: Any, boundary: dict[str, str] | None) -> Statements | None:
    if not boundary:
        return None
    policy = iam.get_policy(boundary["PermissionsBoundaryArn"])
    return parsed(policy.name, _document(policy))


def _document(policy: Any) -> str:
    """The text of a managed policy's default version."""
    return str(next(v.document for v in policy.versions if v.version_id == policy.default_version_id))


@lru_cache(maxsize=512)
def _parsed(name: str, document: str) -> tuple[Statement, ...]:
    return tuple(statements(name, json.loads(document)))
