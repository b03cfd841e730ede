"""Gaps in moto's IAM."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


def service_specific_credentials_can_be_listed() -> None:
    """ListServiceSpecificCredentials answers (an empty list); Terraform asks it before it destroys a user."""

    def list_service_specific_credentials(_self: Any) -> Any:
        return ActionResult({"ServiceSpecificCredentials": []})

    IamResponse.list_service_specific_credentials = list_service_specific_credentials
