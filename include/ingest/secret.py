"""Read a source's address and credentials from Secrets Manager."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class Form:
    """The format of one kind of secret: its required fields, and an example for messages."""

    fields: tuple[str, ...]
    shown: str


API = Form(("url",), '{"url": "https://…/_search", "username": …, "password": …}, the last two if it requires a user')
DATABASE = Form(  # of Amazon RDS
    ("host", "port", "dbname", "username", "password"),
    '{"engine": "postgres", "host": …, "port": …, "dbname": …, "username": …, "password": …}',
)


def read(secrets: SecretsManagerClient, name: str, form: Form) -> dict[str, Any]:
    """All fields of the secret, as text except `properties`. Raises Refused, which never quotes it."""
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        values = {str(field): value if field == "properties" else str(value) for field, value in secret.items()}
    except secrets.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        raise Refused(f"the secret {name} cannot be read ({code}): create it, in the form {form.shown}") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        values = {}
    if missing := [field for field in form.fields if field not in values]:
        raise Refused(f"the secret {name} has no {', '.join(missing)}: write it in the form {form.shown}")
    return values
