"""Java processes that serve several steps: classes loaded and code compiled for one step are reused by the next.

A PySpark application is two processes that talk by py4j: Spark's driver in Java and the user's Python. spark-submit
starts the first, which starts the second and passes it the port (org.apache.spark.deploy.PythonRunner, Spark 3.5). Here
a Java is kept, and a step starts only its Python. A step has its own SparkContext, Spark properties, configuration
files, System.out and System.err, and sole use of the Java. A Java is ended when its step failed, was killed, or left
something behind; also after its number of steps, or some idle minutes.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from localcloud import private
from localcloud.steps.commands.jvm import jvm
from localcloud.steps.commands.launch import PySpark
from localcloud.steps.environment import driver_environment
from localcloud.steps.errors import CommandError
from localcloud.steps.logs import tail
from localcloud.steps.process import StepProcess
from localcloud.steps.site import Site

_LOG = logging.getLogger(__name__)
_GATEWAY = "py4j.GatewayServer"  # prints its port and its token: py4j 0.10.9.7, GatewayServer.main
_MOST_IDLE = 2  # each holds some hundred megabytes
_IDLE_SECONDS = 300.0
_START_SECONDS = 180.0
_ANSWER_SECONDS = 60.0
_GRACE_SECONDS = 3.0  # time to remove the disk files of a SparkContext that nobody stopped


class Driver:
    """One Java that serves one step at a time. Not thread-safe."""

    def __init__(self, place: Path, app: PySpark, site: Site) -> None:
        """Start it with its files below place. Raises CommandError when it does not come up, OSError."""
        self.kind, self.served, self._place = app.java, 0, private.folder(place)
        self._site = replace(site, step_dir=place)
        for folder in (self._site.work_dir, self._site.tmp_dir, place / "logs", place / "local"):
            folder.mkdir()
        self._configure(site)
        self._process = StepProcess(
            jvm(
                self._site,
                _GATEWAY,
                ["--enable-auth", "0"],
                options=app.java.options,
                jars=app.java.jars,
                heap=site.driver_memory,
            ),
            self._site.work_dir,
            {**driver_environment(self._site), "SPARK_LOCAL_DIRS": str(place / "local")},
            place / "logs",
            grace_seconds=_GRACE_SECONDS,
        )
        try:
            self._port, self._token = self._way_in()
            self._gateway: Any = _connect(self._port, self._token)
            self._system = self._gateway.jvm.java.lang.System
            self._own, self._logs = self._system.getProperties().clone(), (self._system.out, self._system.err)
            java = self._gateway.jvm.java.util
            self._zone, self._locale = java.TimeZone.getDefault(), java.Locale.getDefault()
        except BaseException:
            self._discard()
            raise

    @property
    def lives(self) -> bool:
        """Whether its process still runs."""
        return not self._process.ended

    @property
    def session(self) -> int:
        """The process session of its processes."""
        return self._process.session

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which PySpark uses this Java."""
        return {"PYSPARK_GATEWAY_PORT": self._port, "PYSPARK_GATEWAY_SECRET": self._token, "PYTHONUNBUFFERED": "YES"}

    def begin(self, site: Site, app: PySpark, env: Mapping[str, str]) -> None:
        """Prepare the Java for a step, whose Python workers get env. Raises CommandError when it does not answer."""
        self.served += 1
        self._configure(site)
        workers = {f"spark.executorEnv.{name}": value for name, value in env.items()}
        with _answering():
            for name, value in {**workers, **app.properties, "user.dir": str(site.work_dir)}.items():
                self._system.setProperty(name, value)
            self._system.setOut(self._stream(site, "stdout"))
            self._system.setErr(self._stream(site, "stderr"))

    def clear(self) -> bool:
        """Remove all state of the step; returns whether that succeeded.

        A SparkContext that the step did not stop may have threads that still work and log: such a Java is not kept.
        """
        with suppress(CommandError, OSError), _answering():
            jvm = self._gateway.jvm
            if getattr(getattr(jvm.org.apache.spark, "SparkContext$"), "MODULE$").getActive().isDefined():
                return False
            jvm.org.apache.hadoop.fs.FileSystem.closeAll()  # a cache: the next step's HDFS is another
            self._system.setProperties(self._own.clone())
            jvm.java.util.TimeZone.setDefault(self._zone)
            jvm.java.util.Locale.setDefault(self._locale)
            self._close_logs()
            jvm.org.apache.logging.log4j.LogManager.getContext(False).reconfigure()  # SparkContext.setLogLevel
            for left in self._site.tmp_dir.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            return not any(self._site.work_dir.iterdir())
        return False

    def end(self) -> None:
        """End it and remove its files; waits until it has ended. Its output during the end is in no step's log."""
        if self.lives:
            with suppress(CommandError), _answering():
                self._close_logs()
        self._discard()

    def _discard(self) -> None:
        self._process.stop()
        self._process.wait()
        shutil.rmtree(self._place, ignore_errors=True)

    def _configure(self, site: Site) -> None:
        """Write the step's configuration files: Hadoop reads them again for each SparkContext."""
        shutil.copytree(site.conf_dir, self._site.conf_dir, dirs_exist_ok=True)

    def _close_logs(self) -> None:
        self._system.setOut(self._logs[0])
        self._system.setErr(self._logs[1])

    def _way_in(self) -> tuple[str, str]:
        """Its port and token."""
        said, deadline = self._place / "logs" / "stdout", time.monotonic() + _START_SECONDS
        while len(lines := said.read_text(encoding="utf-8").splitlines(keepends=True)) < 2 or lines[1][-1] != "\n":
            if self._process.ended or time.monotonic() > deadline:
                words = tail(self._place / "logs" / "stderr")
                raise CommandError(f"Java was started for Spark's driver and did not come up. It says: {words}")
            time.sleep(0.02)
        return lines[0].strip(), lines[1].strip()

    def _stream(self, site: Site, name: str) -> Any:
        java = self._gateway.jvm.java.io
        return java.PrintStream(java.FileOutputStream(str(site.step_dir / "logs" / name), True), True, "UTF-8")


class Drivers:
    """The Javas of one server. Thread-safe."""

    def __init__(self, place: Path, most_steps: int) -> None:
        """place: the directory for their files. most_steps: how many steps a Java serves; 1: each step starts its
        own."""
        self._place, self._most_steps = place, most_steps
        self._numbers = count(1)
        self._idle: list[Driver] = []
        self._lent: set[Driver] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @property
    def kept(self) -> bool:
        """Whether Javas are kept for later steps."""
        return self._most_steps > 1

    def lend(self, app: PySpark, site: Site, env: Mapping[str, str]) -> Driver:
        """A Java for a step. Raises CommandError when none comes up, OSError when the machine has no room."""
        while driver := self._idle_one(app):
            with suppress(CommandError):  # it died or hangs: another one serves the step
                return self._begun(driver, app, site, env)
        return self._begun(Driver(self._place / str(next(self._numbers)), app, site), app, site, env)

    def _begun(self, driver: Driver, app: PySpark, site: Site, env: Mapping[str, str]) -> Driver:
        _LOG.info("step %s runs in a Java that has served %d steps", site.step_dir.name, driver.served)
        with self._lock:
            self._lent.add(driver)
        try:
            driver.begin(site, app, env)
        except CommandError:
            self.take_back(driver, fine=False)
            raise
        return driver

    def take_back(self, driver: Driver, *, fine: bool) -> None:
        """Keep a Java for the next step if its own succeeded and left nothing behind, else end it."""
        keeps = fine and driver.served < self._most_steps and driver.clear()
        with self._lock:
            self._lent.discard(driver)
            keeps = keeps and not self._closed and len(self._idle) < _MOST_IDLE
            if keeps:
                self._idle.append(driver)
                self._rest_later()
        if not keeps:
            _LOG.info("a Java ends after %d steps", driver.served)
            driver.end()

    def sessions(self) -> set[int]:
        """The process sessions of the Javas that serve a step now."""
        with self._lock:
            return {driver.session for driver in self._lent}

    def close(self) -> None:
        """End the idle ones now, and each other one when its step has ended."""
        with self._lock:
            self._closed = True
            if self._timer:
                self._timer.cancel()
        self._rest()

    def _idle_one(self, app: PySpark) -> Driver | None:
        """An idle Java that suits the application and lives; those that died are removed."""
        with self._lock:
            dead = [driver for driver in self._idle if not driver.lives]
            self._idle = [driver for driver in self._idle if driver.lives]
            chosen = next((driver for driver in self._idle if driver.kind == app.java), None)
            if chosen:
                self._idle.remove(chosen)
        for driver in dead:
            driver.end()
        return chosen

    def _rest_later(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(_IDLE_SECONDS, self._rest)
        self._timer.daemon = True
        self._timer.start()

    def _rest(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for driver in idle:
            driver.end()


def _connect(port: str, token: str) -> Any:
    from py4j.java_gateway import GatewayParameters, JavaGateway  # noqa: PLC0415 - it comes with pyspark

    # Memory management would make it ask an ended Java to release each object.
    way = GatewayParameters(
        port=int(port), auth_token=token, read_timeout=_ANSWER_SECONDS, enable_memory_management=False
    )
    return JavaGateway(gateway_parameters=way)


@contextmanager
def _answering() -> Iterator[None]:
    from py4j.protocol import Py4JError  # noqa: PLC0415 - it comes with pyspark

    try:
        yield
    except (Py4JError, OSError) as problem:
        raise CommandError(f"The Java of Spark's driver does not answer: {problem}") from problem
