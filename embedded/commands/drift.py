"""./nightshift drift: where applied stacks differ from their terraform."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded.cloud import endpoint
from embedded.commands import reap
from tools.errors import InputRefused

HELP = "where the applied stacks differ from their terraform; changes nothing"
DESCRIPTION = """\
Plans every stack whose state is in the state bucket, and lists each attribute that differs: as terraform has it, then
as it is now, and who changed it if CloudTrail says so. Of the foundation it compares the files as well; of the optional
stacks only what was changed by hand since they were applied. It applies nothing, notifies nobody and takes no lock.
The DAG drift does the same every day and notifies the topic.

It works on the AWS in AWS_ENDPOINT_URL, else on the simulated AWS on this machine if one is running
(./nightshift cloud up); with --aws on the AWS account that the environment's credentials open: set NIGHTSHIFT_NAME and
AWS_REGION to the deployment's. A variable that a stack requires beyond name and region is taken from TF_VAR_*."""
EPILOG = "exit status: 0 nothing differs; 1 something differs; 2 a stack could not be compared, or there is none."
NOWHERE = "No simulated AWS is running here: start one with ./nightshift cloud up, or add --aws for an account."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--aws", action="store_true", help="work on the AWS account of the environment's credentials")


def run(options: argparse.Namespace) -> int:
    """Compare in a process of its own, whose environment is the night's; gives its exit status. Raises
    CommandError."""
    access = None if options.aws else endpoint.chosen()
    if not access and not options.aws:
        raise InputRefused(NOWHERE)
    with tempfile.TemporaryDirectory(prefix="nightshift-drift-") as scratch:
        env = reap.environment_for(access, Path(scratch))
        command = [sys.executable, "-P", "-m", "embedded.commands.drift_process"]
        return subprocess.run(command, env=env, check=False).returncode
