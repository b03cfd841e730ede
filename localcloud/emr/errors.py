"""The errors the EMR API answers with.

EmrError
|- InvalidRequest    InvalidRequestException: an id or name that does not exist, a call that makes no sense
`- Invalid           ValidationException: a value or a state that the call does not allow
"""


class EmrError(Exception):
    """An error answered to the caller: HTTP 400 with code and message."""

    code = "InternalServerError"


class InvalidRequest(EmrError):
    code = "InvalidRequestException"


class Invalid(EmrError):
    code = "ValidationException"
