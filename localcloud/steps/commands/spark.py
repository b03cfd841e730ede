"""`spark-submit`: the user's arguments, rewritten from a cluster's to this machine's."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.steps import spark_conf
from localcloud.steps.commands.files import place_files
from localcloud.steps.commands.jvm import jvm
from localcloud.steps.commands.launch import Launch
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

_FLAGS = {"--verbose", "-v", "--supervise", "--help", "-h", "--usage-error", "--version"}
_SHORT = {"-c": "--conf"}
# Options that describe the cluster's nodes or its security; spark_conf does the same for properties.
_NODES = {
    "--master",
    "--deploy-mode",
    "--driver-memory",
    "--driver-cores",
    "--driver-library-path",
    "--executor-memory",
    "--executor-cores",
    "--total-executor-cores",
    "--num-executors",
    "--queue",
    "--principal",
    "--keytab",
    "--proxy-user",
    "--supervise",
}
# What spark-submit's shell script would put on the JVM's command line: we start the JVM ourselves.
_JVM = {"--driver-java-options", "--driver-class-path"}


@dataclass
class Submission:
    """spark-submit's arguments taken apart: options in order, then the application and what is its own."""

    options: list[tuple[str, str | None]] = field(default_factory=list)
    application: list[str] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """The last value of an option, None when it is not there."""
        found = [value for option, value in self.options if option == name]
        return found[-1] if found else None

    @property
    def conf(self) -> dict[str, str]:
        """The --conf properties."""
        return spark_conf.pairs(value or "" for option, value in self.options if option == "--conf")


def parse(args: Sequence[str]) -> Submission:
    """Take spark-submit's arguments apart. Raises CommandError when an option lacks its value."""
    submission, rest = Submission(), list(args)
    while rest and rest[0].startswith("-"):
        name, joined, value = rest.pop(0).partition("=")
        name = _SHORT.get(name, name)
        if name in _FLAGS:
            submission.options.append((name, None))
        elif joined:
            submission.options.append((name, value))
        elif rest:
            submission.options.append((name, rest.pop(0)))
        else:
            raise CommandError(f"spark-submit: {name} has no value: write `{name} VALUE`.")
    submission.application = rest
    return submission


def submit(args: Sequence[str], site: Site) -> Launch:
    """spark-submit on this machine: client mode, local[cores], the installed Python. Raises CommandError."""
    submission = parse(args)
    placed = place_files(submission, site)
    kept = [*_kept(submission.options)]
    argv = jvm(
        site,
        "org.apache.spark.deploy.SparkSubmit",
        ["--master", f"local[{site.cores}]", *kept, *submission.application],
        options=_java_options(submission, site),
        classpath=_split(submission.value("--driver-class-path"), ":"),
        heap=site.driver_memory,
    )
    driver = {"PYSPARK_DRIVER_PYTHON": str(site.bin_dir / "driver-python")}
    return Launch(argv, env=driver, notes=(*_notes(submission), *placed))


def _kept(options: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    for name, value in options:
        if name in _NODES or name in _JVM or (name == "--conf" and _node_conf(value)):
            continue
        yield name
        if value is not None:
            yield value


def _node_conf(setting: str | None) -> bool:
    name, _, value = (setting or "").partition("=")
    return spark_conf.describes_nodes(name, value)


def _java_options(submission: Submission, site: Site) -> list[str]:
    name = "spark.driver.extraJavaOptions"
    defaults = _defaults(site.conf_dir / "spark-defaults.conf")
    named = submission.value("--driver-java-options") or submission.conf.get(name) or defaults.get(name, "")
    return shlex.split(named)


def _defaults(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def _split(text: str | None, separator: str) -> list[str]:
    return [part for part in (text or "").split(separator) if part]


def _notes(submission: Submission) -> Iterator[str]:
    """What was left out, in words: a user who set it should find it in the controller log."""
    for name, value in submission.options:
        if name in _NODES:
            yield f"{name} {value or ''} describes a cluster's nodes: left out on this machine".replace("  ", " ")
        elif name == "--conf" and _node_conf(value):
            yield f"--conf {value} describes a cluster's nodes: left out on this machine"
