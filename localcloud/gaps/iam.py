"""Gaps in moto's IAM."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse


def managed_policies_are_read_once() -> None:
    """moto parses its 1,582 managed policies for each account, partition and reset; here each gets copies instead."""
    original = IAMBackend._init_aws_policies

    @functools.cache
    def read(account_id: str, region_name: str) -> tuple[Any, ...]:
        blank = object.__new__(IAMBackend)
        blank.account_id, blank.region_name = account_id, region_name
        return tuple(original(blank))

    def init_aws_policies(self: Any) -> list[Any]:
        return [_copy(policy) for policy in read(self.account_id, self.region_name)]

    IAMBackend._init_aws_policies = init_aws_policies


def _copy(policy: Any) -> Any:
    """What users change of a managed policy, how often it is attached, is the copy's own."""
    copy = object.__new__(AWSManagedPolicy)
    copy.__dict__.update(policy.__dict__, versions=[*policy.versions], tags={})
    return copy


def service_specific_credentials_can_be_listed() -> None:
    """ListServiceSpecificCredentials answers (an empty list); Terraform asks it before it destroys a user."""

    def list_service_specific_credentials(_self: Any) -> Any:
        return ActionResult({"ServiceSpecificCredentials": []})

    IamResponse.list_service_specific_credentials = list_service_specific_credentials


def users_keep_their_permissions_boundary() -> None:
    """The boundary that CreateUser is given is read back by GetUser and can be put and taken away, as a role's is."""
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
