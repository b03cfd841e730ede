"""`aws secretsmanager get-secret-value` as a program, over boto3: the part of the AWS CLI by which a job gets a secret.

python -m localcloud.steps.commands.awssecrets secretsmanager get-secret-value --secret-id NAME [--query SecretString] …
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ASKED = ("SecretString", "Name", "ARN", "VersionId")  # the fields that --query may name


def parser() -> argparse.ArgumentParser:
    """The options of the one subcommand, and those that every command of the AWS CLI takes."""
    options = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    options.add_argument("service", choices=["secretsmanager"])
    options.add_argument("action", choices=["get-secret-value"])
    options.add_argument("--secret-id", required=True)
    options.add_argument("--query", choices=ASKED)
    options.add_argument("--output", choices=["json", "text"], default="json")
    for flag in ("--region", "--endpoint-url", "--profile"):
        options.add_argument(flag)
    return options


def main(argv: Sequence[str]) -> int:
    """Print the secret; returns an exit status (254: AWS refused, 255: AWS could not be reached)."""
    options = parser().parse_args(argv)
    try:
        client = boto3.client("secretsmanager", region_name=options.region, endpoint_url=options.endpoint_url)
        answer = client.get_secret_value(SecretId=options.secret_id)
    except (ClientError, BotoCoreError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 254 if isinstance(problem, ClientError) else 255
    sys.stdout.write(f"{_told(answer, options)}\n")
    return 0


def _told(answer: Mapping[str, Any], options: argparse.Namespace) -> str:
    """The requested fields as JSON, or a single value as bare text."""
    kept = {name: answer[name] for name in ASKED if name in answer}
    value = kept.get(options.query) if options.query else kept
    return str(value) if options.output == "text" else json.dumps(value, indent=4)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
