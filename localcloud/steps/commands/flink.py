"""`flink run`: rewrites the user's arguments from a cluster's to a Flink in one process of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.steps import flink_conf, java
from localcloud.steps.commands.launch import Launch
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

_FLAGS = {
    *("-d", "--detached", "-n", "--allowNonRestoredState", "-sae", "--shutdownOnAttachedExit", "-q", "--sysoutLogging"),
    *("-yd", "--yarndetached", "-yh", "--yarnhelp", "-yq", "--yarnquery"),
}
# Options for the job's target, its parallelism and its Python; flink_conf does the same for properties.
_NODES = {
    *("-m", "--jobmanager", "-t", "--target", "-e", "--executor", "-p", "--parallelism", "-z", "--zookeeperNamespace"),
    *("-pyexec", "--pyExecutable", "-pyclientexec", "--pyClientExecutable", "-d", "--detached"),
}
_JOBS = {
    *("-c", "--class", "-C", "--classpath", "-s", "--fromSavepoint", "-rm", "--restoreMode", "-py", "--python"),
    *("-pym", "--pyModule", "-pyfs", "--pyFiles", "-pyreq", "--pyRequirements", "-pyarch", "--pyArchives", "-D"),
    *("-pypath", "--pyPythonPath"),
}
_JOINED = re.compile(r"(-D|-yD)(.+)")
_HADOOP = ("hadoop-client-*.jar", "commons-logging-*.jar")
LAUNCHER = "flink-driver-python"


@dataclass(frozen=True)
class Submission:
    """Parsed arguments of `flink run`: its own options in order, then the rest: a jar and the job's own arguments."""

    options: tuple[tuple[str, str | None], ...]
    rest: tuple[str, ...]


def flink(args: Sequence[str], site: Site) -> Launch:
    """`flink run …` in local mode, by the Flink of site.flink_home. Raises CommandError (127) when there is none, and
    for other actions."""
    if site.flink_home is None:
        raise CommandError(
            "flink: this localcloud was told of no Flink. Set LOCALCLOUD_FLINK_HOME to a Python 3.11 environment with"
            " apache-flink==1.20.0 (`make flink` makes one) and start localcloud again.",
            exit_code=127,
        )
    if list(args[:1]) != ["run"]:
        raise CommandError(f"flink {' '.join(args[:1])}: localcloud runs `flink run …` only.", exit_code=127)
    home = distribution(site.flink_home)
    flink_conf.write(site.conf_dir / "flink", flink_conf.properties(site))
    submission = parse(args[1:])
    return Launch((str(home / "bin" / "flink"), *_argv(submission, site)), _environment(home, site), _notes(submission))


def distribution(flink_home: Path) -> Path:
    """The Flink inside a Python environment: the pyflink package contains a complete one. Raises CommandError (127)."""
    found = sorted(flink_home.glob("lib/python*/site-packages/pyflink"))
    if not found or not (flink_home / "bin" / "python").exists():
        raise CommandError(
            f"flink: LOCALCLOUD_FLINK_HOME is {flink_home}, where no Python has apache-flink: run `make flink`, or"
            " name an environment that has it.",
            exit_code=127,
        )
    return found[0]


def parse(args: Sequence[str]) -> Submission:
    """Parse the arguments of `flink run`. Raises CommandError when an option lacks its value."""
    options: list[tuple[str, str | None]] = []
    rest = list(args)
    while rest and _is_flinks(rest[0]):  # the first word that is none begins the program and its arguments
        name = rest.pop(0)
        if joined := _JOINED.fullmatch(name):
            options.append((joined[1], joined[2]))
        elif name in _FLAGS:
            options.append((name, None))
        elif rest:
            options.append((name, rest.pop(0)))
        else:
            raise CommandError(f"flink run: {name} has no value: write `{name} VALUE`.")
    return Submission(tuple(options), tuple(rest))


def _is_flinks(word: str) -> bool:
    """Whether a word is one of Flink's own options."""
    return word in _FLAGS | _NODES | _JOBS or re.match(r"-D|-y[a-zA-Z]|--yarn", word) is not None


def _argv(submission: Submission, site: Site) -> Iterator[str]:
    yield from ("run", "-t", "local")
    yield from ("-pyexec", f"{site.flink_home}/bin/python", "-pyclientexec", str(site.bin_dir / LAUNCHER))
    for name, value in submission.options:
        if _describes_nodes(name, value):
            continue
        yield from (f"-D{value}",) if name == "-D" else filter(None, (name, value))
    yield from submission.rest


def _describes_nodes(name: str, value: str | None) -> bool:
    return (
        name in _NODES
        or name.startswith(("-y", "--yarn"))
        or (name == "-D" and flink_conf.describes_nodes(value or ""))
    )


def _environment(home: Path, site: Site) -> dict[str, str]:
    """Variables that Flink's own script reads. Its distribution lacks Hadoop: Spark's is used, with its s3:// and
    hdfs://."""
    jars = (site.spark_home / "jars").resolve()
    hadoop = [str(jar) for name in _HADOOP for jar in sorted(jars.glob(name))]
    heap = f"-Xmx{site.driver_memory >> 20}m"
    flags = (*java.MODULE_FLAGS, *java.QUIET_FLAGS, *java.SHORT_JOB_FLAGS, java.COLLECTOR, heap)
    return {
        "FLINK_HOME": str(home),
        "FLINK_CONF_DIR": str(site.conf_dir / "flink"),
        "FLINK_LOG_DIR": str(site.tmp_dir),
        "HADOOP_CLASSPATH": ":".join(hadoop),
        "JVM_ARGS": " ".join((*flags, f"-Djava.io.tmpdir={site.tmp_dir}")),
    }


def _notes(submission: Submission) -> tuple[str, ...]:
    """A note on each ignored option, for the controller log."""
    left_out = [(n, v) for n, v in submission.options if _describes_nodes(n, v)]
    return tuple(
        f"{n} {v or ''}".strip() + " describes a cluster's nodes: left out on this machine" for n, v in left_out
    )
