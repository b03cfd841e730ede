"""`hadoop fs`, `hdfs dfs` and `hadoop jar`: Hadoop's own classes, from PySpark's jars."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.steps.commands.jvm import jvm
from localcloud.steps.commands.launch import Launch
from localcloud.steps.commands.paths import local_copy
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site


def hadoop(args: Sequence[str], site: Site) -> Launch:
    """`hadoop fs|dfs|jar …`. Raises CommandError for other subcommands."""
    if args and args[0] == "jar":
        return jar(args[1:], site)
    return _shell("hadoop", ("fs", "dfs"), args, site)


def hdfs(args: Sequence[str], site: Site) -> Launch:
    """`hdfs dfs …`. Raises CommandError for other subcommands."""
    return _shell("hdfs", ("dfs",), args, site)


def jar(args: Sequence[str], site: Site) -> Launch:
    """A jar and its arguments as `hadoop jar` runs it. Raises CommandError when there is no such jar."""
    if not args:
        raise CommandError("hadoop jar was given no jar: name one, for example s3://bucket/job.jar.")
    program = local_copy(args[0], site)
    argv = jvm(site, "org.apache.hadoop.util.RunJar", [str(program), *args[1:]], heap=site.driver_memory)
    return Launch(argv)


def _shell(name: str, known: Sequence[str], args: Sequence[str], site: Site) -> Launch:
    if not args or args[0] not in known:
        raise CommandError(
            f"{name} {' '.join(args[:1])}: localcloud runs `{name} {'|'.join(known)} …` only, "
            "on s3:// and hdfs:// paths.",
            exit_code=127,
        )
    return Launch(jvm(site, "org.apache.hadoop.fs.FsShell", args[1:], options=("-XX:TieredStopAtLevel=1",)))
