"""./nightshift repro: a failed step of a run, fetched and run again on this machine, under pdb if requested."""

from __future__ import annotations

import argparse

HELP = "run a failed step of a run again on this machine, under a debugger if requested"
DESCRIPTION = """\
Fetches what the failed step of a run was given - its arguments, its jobs by their hash with the contract, and what it
read, as it was when the step began - and runs the step on this machine against a scratch lake: the same failure at the
same line. It says whether it is.

RUN is a kept run (its id, its path, or a pipeline for its newest run) or the s3:// address of a record, as
messages name it. It works on the AWS in AWS_ENDPOINT_URL, else on the simulated AWS on this machine if one is running;
with --aws on the AWS account that the environment's credentials open (set NIGHTSHIFT_NAME to the deployment's). It only
reads; docs/repro.md lists the rights. A step that reads a database cannot be run again here: its rows are not in S3.

The rows lie in .nightshift/repro/, which only you can read, until you delete them."""
EPILOG = """\
examples:
  ./nightshift repro shop_orders
  ./nightshift repro mrhealth_sales --step silver --pdb
  ./nightshift repro s3://acme-lake/runs/wordcount/scheduled__2026-01-05/record.json --aws --rows 20

exit status: 0 the step failed here as it did there (with --pdb: the debugger has ended); 1 it ended in another way;
2 it could not be fetched."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("name", metavar="RUN", help="a run, as ./nightshift diagnose takes it")
    parser.add_argument("--step", metavar="S", help="another step than the one that failed")
    parser.add_argument(
        "--rows", metavar="N", type=_positive, help="fetch N lines of each text, around the one that failed; no lake"
    )
    parser.add_argument("--pdb", action="store_true", help="stop in pdb where the step fails")
    parser.add_argument("--most-gb", metavar="GB", type=_gigabytes, default=2.0, help="refuse to fetch more (2)")
    parser.add_argument("--aws", action="store_true", help="work on the AWS account of the environment's credentials")
    parser.add_argument("--region", help="of the buckets (default: AWS_REGION, else us-east-1)")


def run(options: argparse.Namespace) -> int:
    """Fetch the step and run it; gives the exit status. Raises InputRefused."""
    from embedded.repro import session
    from embedded.terminal import named

    kept = named.kept(options.name)
    access = named.access(options.name, aws=options.aws)
    record = kept.record if kept else named.of_s3(access, options.region, options.name)
    return session.play(options, access, record)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)


def _gigabytes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of gigabytes")
    return number
