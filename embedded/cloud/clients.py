"""boto3 clients for the environment of a night, which is not this process's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config

from localcloud import credentials
from localcloud.credentials import Access

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


def s3(env: Mapping[str, str]) -> S3Client:
    """An S3 client for the endpoint, region and credentials that `env` names."""
    return boto3.client("s3", **_who(env), config=_config(s3={"addressing_style": "path"}))


def of(access: Access | None, service: str, region: str | None = None) -> Any:
    """A client of the cloud of `access`; None is the AWS of this process's environment."""
    if access is None:
        return boto3.client(service, region_name=region, config=_config())  # type: ignore[call-overload]
    return boto3.client(  # type: ignore[call-overload]
        service, **_who(access.environment(region or "us-east-1")), config=_config(s3={"addressing_style": "path"})
    )


def secrets(env: Mapping[str, str]) -> SecretsManagerClient:
    """A Secrets Manager client for the same."""
    return boto3.client("secretsmanager", **_who(env), config=_config())


def client(env: Mapping[str, str], service: Literal["eks", "emr", "sts"]) -> Any:
    """A client of another service for the same."""
    return boto3.client(service, **_who(env), config=_config())


def _who(env: Mapping[str, str]) -> dict[str, Any]:
    cloud = credentials.access(env)
    return {
        "endpoint_url": cloud.endpoint,
        "region_name": env["AWS_REGION"],
        "aws_access_key_id": cloud.credentials.access_key,
        "aws_secret_access_key": cloud.credentials.secret_key,
        "aws_session_token": cloud.credentials.token or None,
    }


def _config(**more: Any) -> Config:
    return Config(retries={"total_max_attempts": 3}, proxies={}, **more)
