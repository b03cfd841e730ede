"""`aws emr terminate-clusters` as a program, over boto3: the part of the AWS CLI by which a cluster ends itself.

python -m localcloud.steps.commands.awsemr emr terminate-clusters --cluster-ids ID … [--region REGION] …
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def parser() -> argparse.ArgumentParser:
    """The options of the one subcommand, and those that every command of the AWS CLI takes."""
    options = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    options.add_argument("service", choices=["emr"])
    options.add_argument("action", choices=["terminate-clusters"])
    options.add_argument("--cluster-ids", nargs="+", required=True)
    for flag in ("--region", "--endpoint-url", "--profile", "--output"):
        options.add_argument(flag)
    for flag in ("--cli-connect-timeout", "--cli-read-timeout"):
        options.add_argument(flag, type=int, default=60)  # seconds, as the AWS CLI has it
    return options


def main(argv: Sequence[str]) -> int:
    """Terminate the clusters; returns an exit status (254: AWS refused, 255: AWS could not be reached)."""
    options = parser().parse_args(argv)
    patience = Config(connect_timeout=options.cli_connect_timeout, read_timeout=options.cli_read_timeout)
    try:
        emr = boto3.client("emr", region_name=options.region, endpoint_url=options.endpoint_url, config=patience)
        emr.terminate_job_flows(JobFlowIds=options.cluster_ids)
    except (ClientError, BotoCoreError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 254 if isinstance(problem, ClientError) else 255
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
