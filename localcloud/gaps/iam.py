"""Patches for moto's IAM."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse


def managed_policies_are_read_once() -> None:
    """moto parses its 1,582 managed policies for each account, partition and reset. Here they are parsed once, copied
    for each account and partition, and at a reset copied again only if they were used."""
    original = IAMBackend._init_aws_policies

    @functools.cache
    def read(account_id: str, region_name: str) -> tuple[Any, ...]:
        blank = object.__new__(IAMBackend)
        blank.account_id, blank.region_name = account_id, region_name
        return tuple(original(blank))

    owned: dict[tuple[str, str], list[Any]] = {}

    def init_aws_policies(self: Any) -> list[Any]:
        key = self.account_id, self.region_name
        fresh = read(*key)
        own = owned.get(key) or list(map(_copy, fresh))
        owned[key] = [_copy(new) if _is_used(old, new) else old for old, new in zip(own, fresh, strict=True)]
        return list(owned[key])

    IAMBackend._init_aws_policies = init_aws_policies


def _copy(policy: Any) -> Any:
    """A copy of a managed policy with its own mutable state, such as the attachment count."""
    copy = object.__new__(AWSManagedPolicy)
    copy.__dict__.update(policy.__dict__, versions=[*policy.versions], tags={})
    return copy


def _is_used(policy: Any, fresh: Any) -> bool:
    """Whether a copy's mutable state differs from the original's."""
    return bool(
        policy.tags
        or policy.attachment_count != fresh.attachment_count
        or policy.versions != fresh.versions
        or policy.default_version_id != fresh.default_version_id
    )


def service_specific_credentials_can_be_listed() -> None:
    """ListServiceSpecificCredentials returns an empty list; Terraform calls it before it destroys a user."""

    def list_service_specific_credentials(_self: Any) -> Any:
        return ActionResult({"ServiceSpecificCredentials": []})

    IamResponse.list_service_specific_credentials = list_service_specific_credentials


def users_keep_their_permissions_boundary() -> None:
    """GetUser returns the boundary given to CreateUser; it can be set and deleted, as a role's can."""
    create = IamResponse.create_user

    def create_user(self: Any) -> Any:
        answer = create(self)
        if arn := self._get_param("PermissionsBoundary"):
            _bound(self, arn)
        return answer

    def put_user_permissions_boundary(self: Any) -> Any:
        _bound(self, self._get_param("PermissionsBoundary"))
        return EmptyResult()

    def delete_user_permissions_boundary(self: Any) -> Any:
        del self.backend.get_user(self._get_param("UserName")).permissions_boundary
        return EmptyResult()

    for action in (create_user, put_user_permissions_boundary, delete_user_permissions_boundary):
        setattr(IamResponse, action.__name__, action)


def _bound(response: Any, arn: str) -> None:
    bounds = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    response.backend.get_user(response._get_param("UserName")).permissions_boundary = bounds
