"""Where a source is and how it is opened, as Secrets Manager keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class Form:
    """What a secret of one kind looks like: the fields that it must have, and the whole as a person writes it."""

    fields: tuple[str, ...]
    shown: str


API = Form(("url",), '{"url": "https://…/_search", "username": …, "password": …}, the last two if it asks for a user')
DATABASE = Form(  # of Amazon RDS
    ("host", "port", "dbname", "username", "password"),
    '{"engine": "postgres", "host": …, "port": …, "dbname": …, "username": …, "password": …}',
)


def read(secrets: SecretsManagerClient, name: str, form: Form) -> dict[str, Any]:
    """Every field that the secret has, as text but for `properties`. Raises Refused, which never quotes it."""
    try:
        told = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        found = {str(field): value if field == "properties" else str(value) for field, value in told.items()}
    except secrets.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        raise Refused(f"the secret {name} cannot be read ({code}): make it, in the form {form.shown}") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        found = {}
    if missing := [field for field in form.fields if field not in found]:
        raise Refused(f"the secret {name} has no {', '.join(missing)}: write it in the form {form.shown}")
    return found
