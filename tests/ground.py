"""What a test's nights stand on: a localcloud of their own, and a Java and a terraform provider that start cheaply.

A night of a test has a handful of rows, and most of its price is the start of programs: Java optimises what runs for
three seconds, and each terraform command hashes and starts a provider. Here the provider is started once, as for the
nights of a command (embedded/cloud/provider.py). `OWN_PROVIDER` is for commands that must be killed with theirs.
"""

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded.cloud import bootstrap, endpoint, environment, roles
from embedded.cloud.provider import REATTACH, Providers
from localcloud import credentials
from medallion.light import LIGHT
from tools import toolchain

OWN_PROVIDER = {REATTACH: ""}


@contextmanager
def laid(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """The environment of nights against a localcloud whose files are below `home`; `settings` go over both's."""
    settings, found = settings or {}, toolchain.find()
    tools = replace(found, java_home=_lean_java(home / "java", found.java_home))
    plain = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | dict(settings)
    access = endpoint.start(home / "localcloud", environment.with_tools(tools, plain))
    try:
        env = environment.embedded(access, tools, home / "airflow", plain) | dict(settings)
        with kept_up(tools.mirror, env, home) as attached:
            yield env | attached
    finally:
        endpoint.stop(home / "localcloud", plain)


@contextmanager
def under_role(env: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """What makes an environment the Airflow role's, on a cloud that enforces IAM; the foundation is laid if it is not
    there. A provider that is up signs as it began, so the role has one of its own."""
    bootstrap.ensure(env, log)
    role = roles.of_airflow(credentials.access(env), env, log)
    with kept_up(toolchain.find().mirror, {**env, **role}, log.parent) as attached:
        yield {**role, **attached}


def script(path: Path, body: str) -> Path:
    """An executable of bash."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/usr/bin/env bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


def _lean_java(home: Path, real: Path) -> Path:
    """A JAVA_HOME whose java does not optimise what runs for three seconds: a third of a night's CPU."""
    home.mkdir(parents=True)
    flags = shlex.join(["-XX:TieredStopAtLevel=1", *(f"-D{name}={value}" for name, value in LIGHT.items())])
    for part in real.iterdir():
        if part.name != "bin":
            (home / part.name).symlink_to(part)
    return script(home / "bin" / "java", f'exec "{real}/bin/java" {flags} "$@"').parents[1]


@contextmanager
def kept_up(mirror: Path | None, env: Mapping[str, str], logs: Path) -> Iterator[dict[str, str]]:
    """What makes terraform attach to a provider that is up, and ends with this process."""
    with Providers(mirror, logs) as providers:
        yield providers.attach(env)
