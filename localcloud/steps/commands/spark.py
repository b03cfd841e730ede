"""`spark-submit`: rewrites the user's arguments from a cluster's to this machine's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from localcloud.steps import spark_conf
from localcloud.steps.commands.files import place_files
from localcloud.steps.commands.jvm import jvm
from localcloud.steps.commands.launch import Launch
from localcloud.steps.commands.paths import unserved
from localcloud.steps.commands.pyspark import pyspark
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
# Options that spark-submit's shell script turns into JVM flags: we start the JVM ourselves.
_JVM = {"--driver-java-options", "--driver-class-path"}


@dataclass
class Submission:
    """Parsed arguments of spark-submit: options in order, then the application and its arguments."""

    options: list[tuple[str, str | None]] = field(default_factory=list)
    application: list[str] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """The last value of an option, None when it is not there."""
        found = [value for option, value in self.options if option == name]
        return found[-1] if found else None

    @property
    def names(self) -> set[str]:
        """The names of the given options."""
        return {option for option, _ in self.options}

    @property
    def conf(self) -> dict[str, str]:
        """The --conf properties."""
        return spark_conf.pairs(value or "" for option, value in self.options if option == "--conf")


def parse(args: Sequence[str]) -> Submission:
    """Parse spark-submit's arguments. Raises CommandError when an option lacks its value."""
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
    kept = [*_kept(submission.options, site)]
    settings = {**spark_conf.read(site.conf_dir), **_honoured(submission)}
    options = _java_options(submission, settings)
    argv = jvm(
        site,
        "org.apache.spark.deploy.SparkSubmit",
        ["--master", f"local[{site.cores}]", *kept, *_application(submission, site)],
        options=options,
        classpath=_split(submission.value("--driver-class-path"), ":"),
        heap=site.driver_memory,
    )
    driver = {"PYSPARK_DRIVER_PYTHON": str(site.bin_dir / "driver-python")}
    notes = (*_notes(submission), *placed)
    return Launch(argv, driver, notes, pyspark=pyspark(submission, settings, options, site, ignored=_NODES))


def _kept(options: Iterable[tuple[str, str | None]], site: Site) -> Iterator[str]:
    for name, value in options:
        if name in _NODES or name in _JVM or (name == "--conf" and _node_conf(value)):
            continue
        yield name
        if value is not None:
            yield ",".join(unserved(uri, site) for uri in value.split(",")) if name == "--jars" else value


def _application(submission: Submission, site: Site) -> list[str]:
    """The application and its arguments. Without --class, spark-submit looks for it in the jar, a file."""
    program, *arguments = submission.application or [""]
    named = submission.value("--class") and program.endswith(".jar")
    return [unserved(program, site), *arguments] if named else submission.application


def _node_conf(setting: str | None) -> bool:
    name, _, value = (setting or "").partition("=")
    return spark_conf.describes_nodes(name, value)


def _honoured(submission: Submission) -> dict[str, str]:
    return {name: value for name, value in submission.conf.items() if not spark_conf.describes_nodes(name, value)}


def _java_options(submission: Submission, settings: Mapping[str, str]) -> list[str]:
    given = submission.value("--driver-java-options")
    own = {"spark.driver.extraJavaOptions": given} if given else {}
    return spark_conf.driver_java_options({**settings, **own})


def _split(text: str | None, separator: str) -> list[str]:
    return [part for part in (text or "").split(separator) if part]


def _notes(submission: Submission) -> Iterator[str]:
    """A note on each ignored option, for the controller log, where the user who set it can find it."""
    for name, value in submission.options:
        if name in _NODES:
            yield f"{name} {value or ''} describes a cluster's nodes: left out on this machine".replace("  ", " ")
        elif name == "--conf" and _node_conf(value):
            yield f"--conf {value} describes a cluster's nodes: left out on this machine"
