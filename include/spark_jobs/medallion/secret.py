"""Read a database's address and password from Secrets Manager: never from an argument, never written to a log."""

from __future__ import annotations

import shutil
import subprocess
from importlib import import_module

from medallion.errors import SourceError
from nightshift_contract.secret import FORM, Address, parsed

# boto3 is not in EMR's Python 3.11, and the CLI is on every node. Elsewhere boto3 may be there and the CLI not.
COMMAND = ("aws", "secretsmanager", "get-secret-value", "--query", "SecretString", "--output", "text", "--secret-id")
SECONDS = 60


def address(secret: str | None) -> Address:
    """The address in a secret, which is JSON in the format that Amazon RDS writes. Raises SourceError."""
    if not secret:
        raise SourceError("opening the database: no --source-secret was given; name the secret with its address")
    text = _by_cli(secret) if shutil.which(COMMAND[0]) else _by_boto3(secret)
    try:
        return parsed(text)
    except ValueError as odd:
        raise SourceError(f"reading the secret {secret}: {odd}") from None


def _by_cli(secret: str) -> str:
    try:
        done = subprocess.run([*COMMAND, secret], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise SourceError(f"reading the secret {secret}: the AWS CLI did not answer ({problem})") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"status {done.returncode}"
        raise SourceError(f"reading the secret {secret}: {said}; make it, in the form {FORM}")
    return done.stdout


def _by_boto3(secret: str) -> str:
    """By its name, since not every platform that runs jobs has it."""
    try:
        client = import_module("boto3").client("secretsmanager")
        return str(client.get_secret_value(SecretId=secret)["SecretString"])
    except ModuleNotFoundError:
        raise SourceError(f"reading the secret {secret}: there is neither the AWS CLI nor boto3 here") from None
    except Exception as problem:  # noqa: BLE001 - botocore's errors, which cannot be named without it
        raise SourceError(f"reading the secret {secret}: {problem}; make it, in the form {FORM}") from None
