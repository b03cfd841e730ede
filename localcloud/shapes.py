"""Whether the parameters of a call have the shape that botocore's model of its service gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.validate import ParamValidator

from localcloud.operations import service_model


def problems(service: str, action: str, params: Mapping[str, Any]) -> str:
    """What is missing or of the wrong type, as a sentence; '' when nothing is."""
    shape = service_model(service).operation_model(action).input_shape
    assert shape is not None, f"{action} takes parameters"
    return str(ParamValidator().validate(params, shape).generate_report())
