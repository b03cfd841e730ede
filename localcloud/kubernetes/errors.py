"""The Kubernetes API's errors: an HTTP status, a reason and a message, sent as an object of kind Status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refused request. reason: as in metav1.StatusReason of k8s.io/apimachinery, which clients compare."""

    def __init__(self, status: HTTPStatus, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.details = status, reason, message, details or {}

    def body(self) -> Json:
        """The Status object that the client gets."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({"details": self.details} if self.details else {}),
            "code": int(self.status),
        }


def not_found(resource: str, name: str) -> ApiError:
    """No object of the resource has the name."""
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", f'{resource} "{name}" not found', _named(resource, name))


def unknown_path() -> ApiError:
    """No resource is served at the path."""
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource")


def already_exists(resource: str, name: str) -> ApiError:
    """A create of a name that is taken."""
    message = f'{resource} "{name}" already exists'
    return ApiError(HTTPStatus.CONFLICT, "AlreadyExists", message, _named(resource, name))


def conflict(resource: str, name: str, why: str) -> ApiError:
    """A write that is based on an older version, or meets another manager's field."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(HTTPStatus.CONFLICT, "Conflict", message, _named(resource, name))


def invalid(kind: str, name: str, *causes: str) -> ApiError:
    """An object that breaks its kind's rules. causes: `field: message`, as the API server writes them."""
    listed = causes[0] if len(causes) == 1 else f"[{', '.join(causes)}]"
    details = {"name": name, "kind": kind, "causes": [_cause(text) for text in causes]}
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f'{kind} "{name}" is invalid: {listed}', details)


def bad_request(message: str) -> ApiError:
    """A request that cannot be read."""
    return ApiError(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def forbidden(message: str) -> ApiError:
    """A request that is understood and not allowed."""
    return ApiError(HTTPStatus.FORBIDDEN, "Forbidden", message)


def unauthorized() -> ApiError:
    """A request without a valid credential."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")


def expired(version: int) -> ApiError:
    """A watch or a list from a version that is no longer kept."""
    return ApiError(HTTPStatus.GONE, "Expired", f"too old resource version: {version}")


def not_allowed() -> ApiError:
    """A verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)


def unsupported_media(content_type: str) -> ApiError:
    """A body in a format that the resource does not accept."""
    message = f"the body of the request was in an unknown format - accepted media types do not include {content_type}"
    return ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)


def _named(resource: str, name: str) -> Json:
    plural, _, group = resource.partition(".")
    return {"name": name, **({"group": group} if group else {}), "kind": plural}


def _cause(text: str) -> Json:
    field, _, message = text.partition(": ")
    return {"reason": "FieldValueInvalid", "message": message, "field": field}
