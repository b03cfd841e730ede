"""./nightshift reap: the reaper without Airflow, for the day when Airflow is the problem."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded.cloud import endpoint, environment
from localcloud.credentials import Access
from tools import paths, toolchain
from tools.errors import InputRefused

HELP = "end and remove what dead runs left, or one run by its name, without Airflow"
DESCRIPTION = """\
Finds runs whose owner is dead, ends their clusters, destroys their stacks, removes staging, state and claim, proves
that nothing is left and reports each run. It does not query Airflow: a run is dead when the process that executed it
is gone, when its ledger's lease has expired, or when it is closed and left resources. With --run it ends one run
after your confirmation, for which it shows what will be removed. Resources without our nightshift:name tag are never
touched. It works on the AWS in AWS_ENDPOINT_URL, else on the simulated AWS on this machine if one is running
(./nightshift cloud up); with --aws on the AWS account that the environment's credentials open: set NIGHTSHIFT_NAME and
AWS_REGION to the deployment's."""
NOWHERE = (
    "No simulated AWS is running here, so no run can have left anything on it. For dead runs on an AWS account set"
    " NIGHTSHIFT_NAME and AWS_REGION to the deployment's and add --aws."
)
EPILOG = "exit status: 0 nothing was dead, or all that was is reaped; 1 something could not be, or you declined."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--dry-run", action="store_true", help="show dead runs, or what --run would end; change nothing"
    )
    parser.add_argument(
        "--run", metavar="ID", help="end this run, dead or not: wordcount/manual__…, as --dry-run names it"
    )
    parser.add_argument("--aws", action="store_true", help="work on the AWS account of the environment's credentials")
    parser.add_argument("--yes", action="store_true", help="end the run of --run without confirmation")


def run(options: argparse.Namespace) -> int:
    """Reap in a process of its own, whose environment is the night's; gives its exit status. Raises CommandError."""
    access = None if options.aws else endpoint.chosen()
    if not access and not options.aws:
        raise InputRefused(NOWHERE)
    print(f"Cloud:    {access.endpoint if access else 'AWS, with the credentials of this environment'}", flush=True)
    flags = [name for name, given in (("--dry-run", options.dry_run), ("--yes", options.yes)) if given]
    arguments = [*flags, *([f"--run={options.run}"] if options.run else [])]
    with tempfile.TemporaryDirectory(prefix="nightshift-reap-") as scratch:
        env = environment_for(access, Path(scratch))
        command = [sys.executable, "-P", "-m", "embedded.commands.reap_process", *arguments]
        return subprocess.run(command, env=env, check=False).returncode


def environment_for(access: Access | None, airflow_home: Path) -> dict[str, str]:
    """The night's environment; on AWS itself the user's own identity and settings stay as they are."""
    tools = toolchain.find()
    tooled = environment.with_tools(tools)
    ours = (
        {**environment.waits(), **tooled, **environment.aws(access)}
        if access
        else {**environment.without_password(), **tooled}
    )
    path = os.pathsep.join((str(paths.PLUGINS), tooled["PYTHONPATH"]))
    return {**ours, **environment.airflow(airflow_home), "PYTHONPATH": path}
