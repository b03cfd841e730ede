"""Check a call's parameters against botocore's model of its service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.validate import ParamValidator

from localcloud.operations import service_model


def problems(service: str, action: str, params: Mapping[str, Any]) -> str:
    """The missing or wrongly typed parameters, as a sentence; '' when there are none."""
    shape = service_model(service).operation_model(action).input_shape
    assert shape is not None, f"{action} takes parameters"
    return str(ParamValidator().validate(params, shape).generate_report())
