"""The errors of the EMR API.

EmrError
|- InvalidRequest    InvalidRequestException: an unknown id or name, or an inconsistent call
`- Invalid           ValidationException: a value or a state that the call does not allow
"""


class EmrError(Exception):
    """An error returned to the caller: HTTP 400 with code and message."""

    code = "InternalServerError"


class InvalidRequest(EmrError):
    code = "InvalidRequestException"


class Invalid(EmrError):
    code = "ValidationException"
