"""What a step's jar and arguments mean: each command is a command line of this machine.

command-runner.jar            the first argument is a command of the table below, else any program on PATH
…/script-runner.jar           a script in S3 and its arguments
another jar                   as `hadoop jar` runs it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from localcloud.steps.commands import flink, hadoop, programs, spark
from localcloud.steps.commands.launch import Launch
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

__all__ = ["ANYWHERE", "SHIMS", "Launch", "launch_of", "launch_of_command"]

Command = Callable[[Sequence[str], Site], Launch]

# Commands that need no Hadoop: a host outside of EMR has only these.
ANYWHERE: Mapping[str, Callable[[Sequence[str]], Launch]] = MappingProxyType(
    {"aws": programs.aws, "sudo": programs.power, "shutdown": programs.power}
)
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "spark-submit": spark.submit,
        "hadoop": hadoop.hadoop,
        "hdfs": hadoop.hdfs,
        "s3-dist-cp": programs.s3_dist_cp,
        "flink": flink.flink,
    }
)
SHIMS = (*COMMANDS, *ANYWHERE)  # the commands on a script's PATH
_UNNAMED_JARS = ("", "command-runner.jar")


def launch_of(jar: str, args: Sequence[str], site: Site) -> Launch:
    """The command line of a step. Raises CommandError when there is none for it."""
    name = jar.rpartition("/")[2]
    if name in _UNNAMED_JARS:
        return launch_of_command(args, site)
    if name == "script-runner.jar":
        return programs.script(args, site)
    return hadoop.jar([jar, *args], site)


def launch_of_command(args: Sequence[str], site: Site) -> Launch:
    """The command line of one command with its arguments. Raises CommandError when it is unknown."""
    if not args:
        raise CommandError("command-runner.jar was given no command: name one, for example spark-submit.")
    name = args[0].rpartition("/")[2]
    if name in ANYWHERE:
        return ANYWHERE[name](args[1:])
    if name in COMMANDS:
        return COMMANDS[name](args[1:], site)
    return programs.on_path(args)
