"""What the entry point of Spark's images does with `driver` and `executor`, with this machine's PySpark.

Follows resource-managers/kubernetes/docker/src/main/dockerfiles/spark/entrypoint.sh of Spark 3.5. There are no names of
services here, so a driver is found by its address. Executors authenticate to their driver, because every user of this
machine can reach a loopback address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localcloud.kubernetes.admission import TOKEN_PATH
from localcloud.kubernetes.kubelet import properties
from localcloud.kubernetes.kubelet.paths import Paths
from localcloud.kubernetes.kubelet.program import DRIVER, Program, arguments, role
from localcloud.kubernetes.kubelet.waiting import Waiting
from localcloud.steps import hadoop_conf, spark_conf
from localcloud.steps.commands.jvm import jvm
from localcloud.steps.environment import driver_environment
from localcloud.steps.site import Site

IMAGE_HOME = "/opt/spark"  # SPARK_HOME in Spark's images
_BACKEND = "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
_JAVA_OPTION = re.compile(r"SPARK_JAVA_OPT_(\d+)")
_SIZE = re.compile(r"(\d+)([kmgt]?)b?", re.IGNORECASE)
_POWERS = {"k": 10, "m": 20, "": 20, "g": 30, "t": 40}  # Spark's memory without a unit is in MiB
# Interpreters of an image.
_PYTHONS = ("spark.pyspark.python", "spark.pyspark.driver.python")
_DEFAULTS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.authenticate": "true",
    **spark_conf.COMMITTER,
}


@dataclass(frozen=True)
class Machine:
    """What a Spark container of a pod gets here. site: its directories and programs. cores: its limit of CPU."""

    site: Site
    paths: Paths
    ip: str
    api: str
    cores: int


def program(command: tuple[str, ...], env: Mapping[str, str], machine: Machine) -> Program:
    """The program of a driver or an executor. Raises Waiting when its files are not there."""
    _configure(machine.site)
    made = _driver(arguments(command), machine) if role(command) == DRIVER else _executor(env, machine)
    site = machine.site
    here = {
        "PYSPARK_DRIVER_PYTHON": site.python,
        "SPARK_LOCAL_IP": machine.ip,
        "SPARK_LOCAL_DIRS": env.get("SPARK_LOCAL_DIRS", str(site.tmp_dir)),
    }
    return replace(made, env={**driver_environment(site), **here})


def megabytes(text: str) -> int:
    """The MiB of a memory setting of Spark's: 1g, 512m, 1024. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size of memory")
    return (int(found[1]) << _POWERS[found[2].lower()]) >> 20


def _configure(site: Site) -> None:
    hadoop_conf.make_hdfs(site.hdfs_dir)
    there = site.buckets_dir.iterdir() if site.buckets_dir.is_dir() else ()
    buckets = [bucket.name for bucket in there if bucket.is_dir()]
    hadoop_conf.write(site.conf_dir, hadoop_conf.core_site(buckets, site.buckets_dir, site.hdfs_dir))


def _driver(args: Sequence[str], machine: Machine) -> Program:
    options, rest = _options(args)
    stated = _stated(options.pop("--properties-file", ""))
    settings = {**_DEFAULTS, **{name: machine.paths.local(text) for name, text in stated.items()}, **_here(machine)}
    for name in _PYTHONS:
        settings.pop(name, None)
    file = machine.site.conf_dir / "spark.properties"
    file.write_text(properties.written(settings), encoding="utf-8")
    submitted = [part for pair in options.items() for part in pair]
    argv = jvm(
        machine.site,
        "org.apache.spark.deploy.SparkSubmit",
        ["--deploy-mode", "client", "--properties-file", str(file), *submitted, *rest],
        options=(*_processors(machine), *spark_conf.driver_java_options(settings)),
        classpath=_entries(settings.get("spark.driver.extraClassPath", "")),
        heap=megabytes(settings.get("spark.driver.memory", "1g")) << 20,
    )
    return Program(argv, driver=True)


def _here(machine: Machine) -> dict[str, str]:
    """The properties that replace names of a real cluster by what is here."""
    found = {
        "spark.driver.host": machine.ip,
        "spark.driver.bindAddress": machine.ip,
        "spark.kubernetes.driver.master": machine.api,
    }
    if token := machine.paths.place(TOKEN_PATH):
        prefix = "spark.kubernetes.authenticate.driver.mounted"
        found |= {f"{prefix}.oauthTokenFile": str(token / "token"), f"{prefix}.caCertFile": str(token / "ca.crt")}
    return found


def _options(args: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options of a driver, and the application with its arguments."""
    rest, found = list(args), dict[str, str]()
    while len(rest) > 1 and rest[0].startswith("--"):
        found[rest[0]] = rest[1]
        rest = rest[2:]
    return found, rest


def _stated(file: str) -> dict[str, str]:
    if not file:
        return {}
    try:
        return properties.read(Path(file).read_text(encoding="utf-8"))
    except OSError as problem:
        raise Waiting("CreateContainerError", f"{file} cannot be read: {problem.strerror}") from None


def _executor(env: Mapping[str, str], machine: Machine) -> Program:
    numbered = [(int(found[1]), env[name]) for name in env if (found := _JAVA_OPTION.fullmatch(name))]
    named = {
        "--driver-url": "SPARK_DRIVER_URL",
        "--executor-id": "SPARK_EXECUTOR_ID",
        "--cores": "SPARK_EXECUTOR_CORES",
        "--app-id": "SPARK_APPLICATION_ID",
        "--resourceProfileId": "SPARK_RESOURCE_PROFILE_ID",
        "--podName": "SPARK_EXECUTOR_POD_NAME",
    }
    try:
        args = [part for option, name in named.items() for part in (option, env[name])]
        heap = megabytes(env["SPARK_EXECUTOR_MEMORY"]) << 20
    except KeyError as missing:
        raise Waiting("CreateContainerError", f"an executor needs the variable {missing}") from None
    argv = jvm(
        machine.site,
        _BACKEND,
        [*args, "--hostname", machine.ip],
        options=(*_processors(machine), *(option for _, option in sorted(numbered))),
        classpath=_entries(env.get("SPARK_EXTRA_CLASSPATH", "")),
        heap=heap,
    )
    return Program(argv)


def _processors(machine: Machine) -> tuple[str, ...]:
    return (f"-XX:ActiveProcessorCount={machine.cores}",) if machine.cores else ()


def _entries(text: str) -> list[str]:
    return [entry for entry in text.split(":") if entry]
