"""Patches for moto's dispatch, for every service."""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.moto_server import werkzeug_app

from localcloud import wire


def unimplemented_actions_answer_501() -> None:
    """Unimplemented actions answer 501, which is final: SDKs retry moto's 500 up to 25 times."""
    dispatch = BaseResponse.call_action

    def call_action(self: Any) -> Any:
        try:
            return dispatch(self)
        except NotImplementedError as error:
            return _not_implemented(self, str(error))

    BaseResponse.call_action = call_action


def no_origin_is_told_that_it_may_read() -> None:
    """Remove the CORS headers that moto's server adds to every answer; AWS sends them only for buckets with CORS
    rules."""
    werkzeug_app.DISABLE_GLOBAL_CORS = True


def _not_implemented(response: Any, reason: str) -> tuple[int, dict[str, str], str]:
    message = f"localcloud (moto) does not implement this call of {response.service_name}: {reason}"
    protocol = get_service_model(response.boto3_service_name).metadata.get("protocol", "json")
    if protocol in ("query", "ec2", "rest-xml"):
        answer = wire.query_error("NotImplemented", message, 501)
    else:
        answer = wire.json_error("NotImplemented", message, 501)
    return 501, {"Content-Type": answer.content_type, "x-amzn-errortype": "NotImplemented"}, answer.body.decode()
