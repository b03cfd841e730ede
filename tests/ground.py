"""What a test's nights stand on: a localcloud of their own, and a Java and a terraform provider that start cheaply.

A night of a test has a handful of rows, and most of its price is the start of programs: Java optimises what runs for
three seconds, and each terraform command hashes and starts a provider of 700 MB, several times over. Here the provider
is started once, in the debugging mode that HashiCorp made for it, and all commands attach to it. It is the real one;
what it makes and says is the same. Two commands must not be at work at once against different stacks: they share its
configuration. `OWN_PROVIDER` is for commands that must be killed with their provider.
"""

import os
import platform
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded.cloud import bootstrap, endpoint, environment, roles
from localcloud import credentials
from tests.light import LIGHT
from tests.patience import until
from tools import download, toolchain

REATTACH = "TF_REATTACH_PROVIDERS"
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
        with kept_up(tools.mirror, env, home / "provider.log") as attached:
            yield env | attached
    finally:
        endpoint.stop(home / "localcloud", plain)


@contextmanager
def under_role(env: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """What makes an environment the Airflow role's, on a cloud that enforces IAM; the foundation is laid if it is not
    there. A provider that is up signs as it began, so the role has one of its own."""
    bootstrap.ensure(env, log)
    role = roles.of_airflow(credentials.access(env), env, log)
    with kept_up(toolchain.find().mirror, {**env, **role}, log.with_name("provider-of-role.log")) as attached:
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
def kept_up(mirror: Path | None, env: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """What makes terraform attach to a provider that is up; nothing where the provider comes from the registry."""
    if mirror is None:
        yield {}
        return
    place = mirror / toolchain.PROVIDER / download.platform_name(platform.system(), platform.machine())
    [binary] = place.glob("terraform-provider-aws_*")
    # With a bundle it cannot be configured twice; and what lives for minutes must not grow to a gigabyte.
    own = {key: value for key, value in env.items() if key not in ("AWS_CA_BUNDLE", "GOGC")}
    with log.open("w") as said:
        process = subprocess.Popen([binary, "-debug"], env=own, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        told = until(lambda: re.search(f"{REATTACH}='(.*)'", log.read_text()) or process.poll() is not None)
        yield {REATTACH: told[1]}
    finally:
        process.terminate()
        process.wait()
