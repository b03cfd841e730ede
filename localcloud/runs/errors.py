"""The error of an API call of these services."""


class ApiError(Exception):
    """An error returned to the caller: AWS's code and message. The code's model names the HTTP status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
