"""What the session of a cluster's role may do in S3, for the mirror that reads and writes in a step's stead."""

from __future__ import annotations

from localcloud.iam.authorizer import Authorizer
from localcloud.steps.request import StepRequest


class SessionRights:
    """The rights of one step, by the key that it was given."""

    def __init__(self, authorizer: Authorizer, request: StepRequest) -> None:
        self._authorizer, self._request = authorizer, request

    def denial(self, operation: str, bucket: str, key: str = "") -> str | None:
        """Why S3 would deny an operation, in AWS's words; None when it is allowed."""
        named = {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket}
        call = {
            "service": "s3",
            "operation": operation,
            "params": named,
            "request_tags": {},
            "resource_tags": {},
            "region": self._request.region,
            "access_key": self._request.access.credentials.access_key,
        }
        return self._authorizer.refusal(call, self._request.account)
