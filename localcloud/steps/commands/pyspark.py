"""Run a PySpark application in an already running Java: split it as spark-submit would, for Java and for Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from localcloud.jars import here
from localcloud.steps.commands.launch import JavaKind, PySpark
from localcloud.steps.commands.paths import local_copy, local_path
from localcloud.steps.errors import CommandError
from localcloud.steps.site import Site

# Options that this module supports. Any other one requires spark-submit itself.
_OPTIONS = {"--conf", "--py-files", "--jars", "--files", "--archives", "--name", "--driver-java-options", "--verbose"}
# Properties by which spark-submit loads code, and Hive, which leaves its own database in the Java.
_BRINGS_CODE = ("spark.jars", "spark.submit.pyFiles", "spark.plugins", "spark.extraListeners", "spark.sql.extensions")
_CATALOG = "spark.sql.catalogImplementation"


class Submitted(Protocol):
    """A submission's interface used here."""

    application: list[str]

    def value(self, name: str) -> str | None: ...
    @property
    def names(self) -> Collection[str]: ...


def pyspark(
    submitted: Submitted, settings: Mapping[str, str], java_options: Sequence[str], site: Site, ignored: Collection[str]
) -> PySpark | None:
    """The split application; None when it needs a spark-submit of its own.

    settings: the effective properties of the cluster and the step. ignored: options without meaning here.
    """
    script, *arguments = submitted.application or [""]
    if not script.endswith(".py") or set(submitted.names) - _OPTIONS - set(ignored) or _needs_its_own(settings):
        return None
    try:
        program, *modules = [str(local_copy(uri, site)) for uri in (script, *_listed(submitted.value("--py-files")))]
        jars = [
            local_path(uri, site.buckets_dir, site.hdfs_dir).resolve() for uri in _listed(submitted.value("--jars"))
        ]
        kind = JavaKind(tuple(java_options), tuple(map(here, jars)), tuple(map(_stamp, jars)))
    except (CommandError, OSError):  # spark-submit reports the error itself
        return None
    properties = {
        "spark.app.name": Path(program).name,
        **settings,
        "spark.submit.deployMode": "client",
        **_named(submitted, "--name", "spark.app.name"),
        **_named(submitted, "--files", "spark.files"),
        **_named(submitted, "--archives", "spark.archives"),
        **({"spark.jars": ",".join(map(here, jars))} if jars else {}),
        **({"spark.submit.pyFiles": ",".join(modules)} if modules else {}),
    }
    return PySpark(kind, (site.python, program, *arguments), properties, {"PYTHONPATH": ":".join(modules)})


def _needs_its_own(settings: Mapping[str, str]) -> bool:
    return settings.get(_CATALOG) == "hive" or any(name.startswith(_BRINGS_CODE) for name in settings)


def _stamp(jar: Path) -> tuple[int, int]:
    found = jar.stat()
    return found.st_size, found.st_mtime_ns


def _named(submitted: Submitted, option: str, name: str) -> dict[str, str]:
    value = submitted.value(option)
    return {} if value is None else {name: value}


def _listed(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]
