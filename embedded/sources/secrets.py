"""The secret by which a night reads a database or API: there for as long as the night lasts, and no longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from embedded.cloud import clients
from embedded.errors import CloudError
from embedded.sources import owners
from embedded.sources.api_url import ApiUrl
from tools.databases import DatabaseUrl

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@contextmanager
def opened(env: Mapping[str, str], name: str, url: DatabaseUrl | ApiUrl) -> Iterator[None]:
    """Keep the address as the secret <NIGHTSHIFT_NAME>/sources/<name> while the block lasts; one that is there comes
    back afterwards, but for one that a command left which was killed. Raises CloudError."""
    client, secret = clients.secrets(env), _named(env, name)
    if secret in owners.left(client, env["NIGHTSHIFT_NAME"]):
        client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    before = keep(env, name, url, owner=owners.this())
    try:
        yield
    finally:
        _restore(client, secret, before)


def keep(env: Mapping[str, str], name: str, url: DatabaseUrl | ApiUrl, owner: str = "") -> str | None:
    """Put the address into the secret <NIGHTSHIFT_NAME>/sources/<name>; gives what was there. A secret that is made is
    tagged with its `owner`, the process that will take it away, if there is one. Raises CloudError."""
    client, secret = clients.secrets(env), _named(env, name)
    try:
        before = _value(client, secret)
        if before is None:
            tags = [{"Key": owners.TAG, "Value": owner}] if owner else []
            client.create_secret(Name=secret, SecretString=url.secret, Tags=tags)  # type: ignore[arg-type]
        elif before != url.secret:
            client.put_secret_value(SecretId=secret, SecretString=url.secret)
    except ClientError as refused:
        raise CloudError(f"The secret {secret} cannot be kept ({refused}): see whether it is being deleted.") from None
    return before


def _named(env: Mapping[str, str], name: str) -> str:
    return f"{env['NIGHTSHIFT_NAME']}/sources/{name}"


def _value(client: SecretsManagerClient, secret: str) -> str | None:
    try:
        return client.get_secret_value(SecretId=secret)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        return None


def _restore(client: SecretsManagerClient, secret: str, before: str | None) -> None:
    if before is None:
        client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    else:
        client.put_secret_value(SecretId=secret, SecretString=before)
