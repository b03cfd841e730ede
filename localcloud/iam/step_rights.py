"""Permissions of a role's session, for what the server reads and writes on behalf of a step."""

from __future__ import annotations

from localcloud.iam.authorizer import Authorizer
from localcloud.steps.request import StepRequest


class SessionRights:
    """The permissions of one step, by its access key."""

    def __init__(self, authorizer: Authorizer, request: StepRequest) -> None:
        self._authorizer, self._request = authorizer, request

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:
        """AWS's message why S3 would deny an operation; None when it is allowed."""
        return self._refusal("s3", operation, {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket})

    def log_denial(self, group: str, stream: str) -> str | None:
        """AWS's message why CloudWatch Logs would deny writing to a stream; None when it is allowed."""
        return self._refusal("logs", "PutLogEvents", {"logGroupName": group, "logStreamName": stream})

    def _refusal(self, service: str, operation: str, params: dict[str, str]) -> str | None:
        call = {
            "service": service,
            "operation": operation,
            "params": params,
            "request_tags": {},
            "resource_tags": {},
            "region": self._request.region,
            "access_key": self._request.access.credentials.access_key,
        }
        return self._authorizer.refusal(call, self._request.account)
