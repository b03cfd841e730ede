"""Commands that are not Java: scripts, programs on PATH, s3-dist-cp, aws s3."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud.steps.commands.launch import Launch
from localcloud.steps.commands.paths import local_copy
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

PACKAGE_ROOT = Path(__file__).parents[3]


def own_module(module: str, args: Sequence[str], *, mirrored: bool) -> Launch:
    """A module of this package as a program. mirrored: as in Launch."""
    argv = (sys.executable, "-P", "-m", f"localcloud.steps.commands.{module}", *args)
    return Launch(argv, env={"PYTHONPATH": str(PACKAGE_ROOT)}, mirrored=mirrored)


def script(args: Sequence[str], site: Site) -> Launch:
    """script-runner.jar: a script, usually in S3, and its arguments. Raises CommandError when it is missing."""
    if not args:
        raise CommandError("script-runner.jar was given no script: name one, for example s3://bucket/run.sh.")
    program = local_copy(args[0], site)
    if program.read_bytes()[:2] == b"#!":
        program.chmod(0o755)
        return Launch((str(program), *args[1:]))
    return Launch(("bash", str(program), *args[1:]))


def on_path(args: Sequence[str]) -> Launch:
    """Any program on this machine's PATH, as command-runner.jar runs any program of the node. Raises CommandError
    (127)."""
    if shutil.which(args[0]) is None:
        raise CommandError(
            f"{args[0]}: command not found. localcloud runs spark-submit, flink run, s3-dist-cp, hadoop fs, hdfs dfs, "
            "aws s3, bash -c, and any program on this machine's PATH.",
            exit_code=127,
        )
    return Launch(tuple(args))


def s3_dist_cp(args: Sequence[str], site: Site) -> Launch:
    """s3-dist-cp on the directories of this machine."""
    return own_module("distcp", [str(site.buckets_dir), str(site.hdfs_dir), *args], mirrored=True)


def aws(args: Sequence[str]) -> Launch:
    """`aws s3 …` and two more commands that nodes need, over boto3. Raises CommandError (127) for other services."""
    services = [arg for arg in args if not arg.startswith("-")][:2]
    for service, module in (("s3", "awscli"), ("emr", "awsemr"), ("secretsmanager", "awssecrets")):
        if service in services:
            return own_module(module, args, mirrored=False)
    raise CommandError(
        f"aws {' '.join(args[:2])}: localcloud brings `aws s3 cp|mv|rm|ls|sync`, `aws emr terminate-clusters` and "
        "`aws secretsmanager get-secret-value` only; for the rest use boto3 in a script, AWS_ENDPOINT_URL is set.",
        exit_code=127,
    )


def power(_args: Sequence[str]) -> Launch:
    """Refuse a node's `sudo` and `shutdown`, always: here they would affect the laptop."""
    raise CommandError("localcloud refused it: on a node this is root's work, here it would change your machine.")
