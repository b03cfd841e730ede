"""./nightshift diagnose: why a run or an EMR cluster failed, and what to do next."""

from __future__ import annotations

import argparse
import re
from typing import Any

HELP = "why a run, or any EMR cluster, failed, and what to do next"
DESCRIPTION = """\
Shows cause, error, line of code, the end of the log and the next action.

RUN is a run that was kept in .nightshift/runs/ (its id or how that begins, its path, or a pipeline for its newest run),
or the s3:// address of a record, as messages name it; without it the newest run of all. j-… is an EMR cluster, also one
that Nightshift did not make: its failed steps are read from EMR and from its logs in S3. Where EMR forgot the cluster,
or its API is closed to you, name the folder of its logs with --logs.

It works on the AWS in AWS_ENDPOINT_URL, else on the simulated AWS on this machine if one is running; with --aws on the
AWS account that the environment's credentials open. It only reads: s3:ListBucket and s3:GetObject on the logs (and
kms:Decrypt), elasticmapreduce:DescribeCluster and ListSteps if you have them."""
EPILOG = """\
examples:
  ./nightshift diagnose
  ./nightshift diagnose mrhealth_sales
  ./nightshift diagnose j-2AXXXXXXGAPLF --aws --region sa-east-1
  ./nightshift diagnose j-2AXXXXXXGAPLF --aws --logs s3://aws-logs-123456789012-us-east-1/elasticmapreduce/

exit status: 0 something is known; 1 the cluster could not be read; 2 nothing has that name."""
KNOWN, UNREAD = 0, 1
CLUSTER = re.compile(r"j-[A-Z0-9]+")


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("name", metavar="RUN|j-…", nargs="?", default="", help="a run, or the id of an EMR cluster")
    parser.add_argument("--logs", metavar="s3://…", default="", help="folder of the clusters' logs (EMR's LogUri)")
    parser.add_argument("--aws", action="store_true", help="work on the AWS account of the environment's credentials")
    parser.add_argument("--region", help="of the cluster (default: AWS_REGION, else us-east-1)")


def run(options: argparse.Namespace) -> int:
    """Print the diagnosis; gives the exit status. Raises CommandError."""
    from nightshift.failures.shown import plain

    lines, known = _of_cluster(options) if CLUSTER.fullmatch(options.name) else (_of_run(options), True)
    print(plain("\n".join(lines)))
    return KNOWN if known else UNREAD


def _of_cluster(options: argparse.Namespace) -> tuple[list[str], bool]:
    """The lines of a cluster, and whether anything of it could be read."""
    from embedded.terminal import named

    access = named.access(options.name, aws=options.aws)
    from embedded.cloud import clients, cluster_logs
    from embedded.terminal import diagnosis

    emr, s3 = (clients.of(access, service, options.region) for service in ("emr", "s3"))
    remains = cluster_logs.read(emr, s3, options.name, options.logs)
    return list(diagnosis.of_cluster(remains)), remains.known


def _of_run(options: argparse.Namespace) -> list[str]:
    """The lines of a kept run, else of a record in S3."""
    from embedded.terminal import named

    kept = named.kept(options.name)
    there: Any = {}
    if kept is None:
        there = named.of_s3(named.access(options.name, aws=options.aws), options.region, options.name)
    from embedded.terminal import diagnosis  # it imports Airflow, slowly: a typo is answered before

    return list(diagnosis.of_run(kept) if kept else diagnosis.of_record(there))
