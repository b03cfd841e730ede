"""Read a source's address and credentials from Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingest.errors import Refused
from nightshift_contract import secret
from nightshift_contract.secret import FORM, Address

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

API_FORM = '{"url": "https://…/_search", "username": …, "password": …}, the last two if it requires a user'


def api(secrets: SecretsManagerClient, name: str) -> dict[str, str]:
    """The address of an API and its user, if it requires one. Raises Refused, which never quotes the secret."""
    text = _text(secrets, name, API_FORM)
    try:
        values = {str(field): str(value) for field, value in json.loads(text).items()}
    except (AttributeError, ValueError):
        values = {}
    if "url" not in values:
        raise Refused(f"the secret {name} has no url: write it in the form {API_FORM}")
    return values


def database(secrets: SecretsManagerClient, name: str) -> Address:
    """The address of a PostgreSQL database. Raises Refused, which never quotes the secret."""
    try:
        address = secret.parsed(_text(secrets, name, FORM))
    except ValueError as odd:
        raise Refused(f"the secret {name} cannot be used: {odd}") from None
    if address.family != secret.POSTGRES:
        raise Refused(f"the secret {name} is of {address.engine}: tables are read from PostgreSQL only")
    return address


def _text(secrets: SecretsManagerClient, name: str, form: str) -> str:
    try:
        return secrets.get_secret_value(SecretId=name).get("SecretString", "")
    except secrets.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        raise Refused(f"the secret {name} cannot be read ({code}): create it, in the form {form}") from None
