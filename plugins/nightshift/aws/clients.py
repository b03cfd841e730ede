"""AWS clients: makes boto3 clients from the settings."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from boto3.session import Session
from botocore.config import Config

from nightshift.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

for _chatty in ("botocore", "boto3"):  # at each client: where its credentials and its endpoint come from
    logging.getLogger(_chatty).setLevel(logging.WARNING)


@overload
def client(settings: Settings, service: Literal["emr"], tries: int = 0) -> EMRClient: ...
@overload
def client(settings: Settings, service: Literal["s3"], tries: int = 0) -> S3Client: ...
@overload
def client(settings: Settings, service: Literal["ec2"], tries: int = 0) -> EC2Client: ...
@overload
def client(settings: Settings, service: Literal["sns"], tries: int = 0) -> SNSClient: ...
@overload
def client(settings: Settings, service: Literal["sts"], tries: int = 0) -> STSClient: ...
@overload
def client(settings: Settings, service: Literal["glue"], tries: int = 0) -> GlueClient: ...
@overload
def client(settings: Settings, service: Literal["ssm"], tries: int = 0) -> SSMClient: ...
@overload
def client(settings: Settings, service: Literal["secretsmanager"], tries: int = 0) -> SecretsManagerClient: ...
@overload
def client(
    settings: Settings,
    service: Literal["emr-serverless", "emr-containers", "logs", "eks", "cloudtrail"],
    tries: int = 0,
) -> Any: ...
def client(settings: Settings, service: str, tries: int = 0) -> Any:
    """A boto3 client: through the amazon provider if an Airflow connection (settings.aws_conn_id) names the role to
    assume, else by boto3's own credential chain. `tries` overrides settings.api_tries, for calls that
    boto3 must not repeat. Clients are thread-safe and cached per process: making one takes 0.1 s and more."""
    return made(settings, service, tries or settings.api_tries)


@cache
def made(settings: Settings, service: str, tries: int) -> Any:
    """Make the client, cached; `made.cache_clear()` empties the cache."""
    config = Config(
        # For presigned links: S3 refuses those of version 2 where KMS encrypts (boto3 issue 2680), and boto3 signs them
        # for S3's global host, which cannot serve every region's buckets, unless addresses are by path.
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path"} if service == "s3" else None,
        retries={"mode": "standard", "total_max_attempts": tries},
        connect_timeout=10,
        read_timeout=60,
    )
    if not settings.aws_conn_id:  # the provider's hook would do the same, and say so in the log of every task
        return Session(region_name=settings.region).client(service, config=config)  # type: ignore[call-overload]
    hook = AwsBaseHook(
        aws_conn_id=settings.aws_conn_id, region_name=settings.region, client_type=service, config=config
    )
    return hook.get_conn()
