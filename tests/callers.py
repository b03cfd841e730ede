"""Callers of a localcloud with keys of their own, by which it tells their calls from others': sessions of roles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from localcloud import credentials
from localcloud.credentials import Access, Credentials

REGION, ACCOUNT = "us-east-1", "123456789012"
DAY_SECONDS = 12 * 3600


def environment(env: Mapping[str, str], name: str) -> dict[str, str]:
    """The environment in which commands are the caller's."""
    return {**env, **_session(credentials.access(env), name).environment}


def key(env: Mapping[str, str], name: str) -> str:
    """The access key that the recorder tells with the caller's calls."""
    return _session(credentials.access(env), name).access_key


def client(env: Mapping[str, str], name: str, service: str) -> Any:
    """A boto3 client of the caller's, one for all tests: EC2's takes half a second to make."""
    access = credentials.access(env)
    return _client(Access(access.endpoint, _session(access, name)), service)


def own_client(env: Mapping[str, str], service: str) -> Any:
    """A boto3 client of the environment's own key, one for all tests."""
    return _client(credentials.access(env), service)


@cache
def _session(access: Access, name: str) -> Credentials:
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    asked = {"RoleArn": role, "RoleSessionName": name, "DurationSeconds": DAY_SECONDS}
    made = _client(access, "sts").assume_role(**asked)["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


@cache
def _client(access: Access, service: str) -> Any:
    who = access.credentials
    return boto3.client(
        service,
        endpoint_url=access.endpoint,
        region_name=REGION,
        aws_access_key_id=who.access_key,
        aws_secret_access_key=who.secret_key,
        aws_session_token=who.token or None,
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
