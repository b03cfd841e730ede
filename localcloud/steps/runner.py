"""Running a step from request to outcome: pull S3, run the process, push S3, ship the logs."""

from __future__ import annotations

import logging
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud import private
from localcloud.steps import spark_conf
from localcloud.steps.bucket import Moved
from localcloud.steps.commands import Launch, launch_of
from localcloud.steps.controller import Controller
from localcloud.steps.drivers import Drivers
from localcloud.steps.environment import environment
from localcloud.steps.errors import CommandError
from localcloud.steps.explain import explain
from localcloud.steps.logs import LogShipper, tail
from localcloud.steps.mirror import Mirror
from localcloud.steps.process import StepProcess, open_files
from localcloud.steps.processes import Key, Processes
from localcloud.steps.request import RunRequest, StepOutcome, StepRequest
from localcloud.steps.rights import RightsOf, everything, hide
from localcloud.steps.settings import StepSettings
from localcloud.steps.site import Site
from localcloud.steps.sync import VARIABLE, SyncPoint
from localcloud.steps.workspace import Workspace

_LOG = logging.getLogger(__name__)
STOPPED = 143  # 128 + SIGTERM, as in a shell
VISIBLE = "s3"  # in a step's directory: the buckets that it may see, if some are denied


class StepRunner:
    """Runs steps below one directory, each in the thread that calls run."""

    def __init__(
        self,
        work_dir: Path,
        log_delay_seconds: float = 0,
        settings: StepSettings | None = None,
        rights_of: RightsOf = everything,
    ) -> None:
        """work_dir: created if missing; an earlier server's step files in it are removed. rights_of: a step's S3
        permissions."""
        self._settings, self._rights_of = settings or StepSettings(), rights_of
        top = private.folder(work_dir.absolute())
        for name in ("steps", "hdfs", "drivers"):
            shutil.rmtree(top / name, ignore_errors=True)
        self._mirror = Mirror(top / "s3")
        self._workspace = Workspace(top, self._settings)
        self._logs = LogShipper(log_delay_seconds, rights_of)
        self._processes = Processes()
        self._drivers = Drivers(top / "drivers", self._settings.steps_per_java)
        self._denied: set[Key] = set()  # steps with a denied operation before their end

    def run(self, request: StepRequest) -> StepOutcome:
        """Run a step and block until it has ended, its output is in S3 and (without delay) its logs are.

        A failing step never raises: it returns an exit code and a message (143: killed).
        """
        try:
            with self._processes.underway(_key(request)):
                return self._run(request)
        except Exception as problem:  # noqa: BLE001 - the engine's thread needs an outcome, whatever it was
            _LOG.exception("step %s of %s could not be run", request.step_id, request.cluster_id)
            return StepOutcome(1, f"localcloud could not run the step: {type(problem).__name__}: {problem}")

    def kill(self, cluster_id: str, step_id: str) -> None:
        """End a step: TERM to all its processes, after a grace period KILL; or prevent one that has not started."""
        self._processes.kill((cluster_id, step_id))

    def forget(self, cluster_id: str) -> None:
        """Discard an ended cluster: upload its waiting logs, delete its HDFS."""
        self._logs.flush(cluster_id)
        self._processes.forget(cluster_id)
        for directory in self._workspace.cluster_dirs(cluster_id):
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Kill every step, wait until their processes have ended, run nothing more."""
        self._logs.close()
        self._processes.close(self._settings.kill_grace_seconds + 5)
        self._drivers.close()

    def _run(self, request: StepRequest) -> StepOutcome:
        controller = Controller(request)
        step_dir = self._workspace.open(request)
        logs = step_dir / "logs"
        for note in request.notes if isinstance(request, RunRequest) else ():
            _append(logs / "stderr", note)
        code = self._attempt(request, step_dir, controller)
        code = self._push(request, logs, controller, code)
        controller.end(code)
        (logs / "controller").write_text(controller.text(), encoding="utf-8")
        message = "" if code == 0 else tail(logs / "stderr") or f"exit status {code}, and nothing in stderr"
        self._logs.ship(request, logs, lambda: self._discard(request, step_dir))
        return StepOutcome(code, message)

    def _discard(self, request: StepRequest, step_dir: Path) -> None:
        """Delete what only the step needed. Processes that outlive it need its directory until its machine ends."""
        if request.alone:
            self.forget(request.cluster_id)
        elif not request.outlived:
            shutil.rmtree(step_dir, ignore_errors=True)

    def _attempt(self, request: StepRequest, step_dir: Path, controller: Controller) -> int:
        """The step up to the end of its process; returns the exit code."""
        stderr = step_dir / "logs" / "stderr"
        try:
            code = self._play(request, *self._prepare(request, step_dir, controller))
        except CommandError as problem:
            return _refuse(stderr, str(problem), problem.exit_code)
        except OSError as problem:
            return _refuse(stderr, f"localcloud could not prepare the step: {problem}", 1)
        if code:
            explain(stderr, self._buckets_dir(request, step_dir))
        return code

    def _prepare(self, request: StepRequest, step_dir: Path, controller: Controller) -> tuple[Launch, Site]:
        """Pull S3 and build the step's command line. Raises CommandError, OSError."""
        started = time.monotonic()
        moved = self._mirror.pull(request.account)
        controller.info(f"S3 before the step: {moved} in {time.monotonic() - started:.2f} seconds")
        for warning in moved.warnings:
            controller.warn(warning)
        hide(self._mirror.buckets_dir(request.account), self._rights_of(request), step_dir / VISIBLE)
        site = self._workspace.site(request, step_dir, self._buckets_dir(request, step_dir))
        launch = launch_of(request.jar, request.args, site)
        kept = launch.pyspark if self._drivers.kept else None
        controller.info(f"command: {shlex.join(kept.argv if kept else launch.argv)}")
        if kept:
            controller.info("Spark's Java may be an earlier step's; LOCALCLOUD_STEPS_PER_JAVA=1 gives each its own")
        for note in (*_left_out(request), *launch.notes):
            controller.info(note)
        return launch, site

    def _play(self, request: StepRequest, launch: Launch, site: Site) -> int:
        """Run the command to its end, in a kept Java if possible; returns its exit code."""
        env, app = environment(request, site), launch.pyspark
        if app is None or not self._drivers.kept:
            return self._run_process(request, launch.argv, {**env, **launch.env}, site)
        driver, code = self._drivers.lend(app, site, env), STOPPED
        try:
            code = self._run_process(request, app.argv, {**env, **app.env, **driver.variables}, site)
        finally:
            self._drivers.take_back(driver, fine=code == 0)
        return code

    def _run_process(self, request: StepRequest, argv: Sequence[str], env: Mapping[str, str], site: Site) -> int:
        process = self._spawn(request, argv, env, site)
        if process is None:
            return _refuse(site.step_dir / "logs" / "stderr", "The step was stopped before it started.", STOPPED)
        code = process.wait()
        if request.outlived and not code:
            self._processes.let_live(_key(request), process)
        else:
            process.stop()
            process.wait()
        return code

    def _buckets_dir(self, request: StepRequest, step_dir: Path) -> Path:
        """The directory of the buckets that the step may see."""
        own = step_dir / VISIBLE
        return own if own.is_dir() else self._mirror.buckets_dir(request.account)

    def _spawn(
        self, request: StepRequest, argv: Sequence[str], env: Mapping[str, str], site: Site
    ) -> StepProcess | None:
        """Start the step's process; None when it was killed before."""
        point = SyncPoint(lambda: self._mirror.pull(request.account), lambda: self._push_midway(request, site))
        inherited = {**env, VARIABLE: str(point.descriptor)}
        process = self._processes.start(
            _key(request),
            lambda: StepProcess(
                argv,
                site.work_dir,
                inherited,
                site.step_dir / "logs",
                grace_seconds=self._settings.kill_grace_seconds,
                inherited=[point.descriptor],
                outlived=request.outlived,
            ),
        )
        if process:
            point.serve()
        else:
            point.abandon()
        return process

    def _open_files(self, but: Key | None = None) -> set[Path]:
        """The files that running steps, and their Javas, have open for writing."""
        return open_files(self._processes.sessions(but) | self._drivers.sessions())

    def _push_midway(self, request: StepRequest, site: Site) -> None:
        """Push what a command of a script wrote. A denied operation is reported at once and fails the step."""
        rights = self._rights_of(request)
        moved = self._mirror.push(request.account, self._open_files, lambda: False, rights)
        if moved.denied:
            self._denied.add(_key(request))
            _refuse(site.step_dir / "logs" / "stderr", _words(moved), 1)

    def _push(self, request: StepRequest, logs: Path, controller: Controller, code: int) -> int:
        """Push what the step wrote; returns the exit code: 1 when the step succeeded but the push failed."""
        started = time.monotonic()
        key, others = _key(request), self._processes
        try:
            moved = self._mirror.push(
                request.account,
                lambda: self._open_files(but=key),
                lambda: others.alone(key),
                self._rights_of(request),
            )
        except OSError as problem:
            return _refuse(logs / "stderr", f"localcloud could not write the step's output to S3: {problem}", code or 1)
        controller.info(f"S3 after the step: {moved} in {time.monotonic() - started:.2f} seconds")
        for warning in moved.warnings:
            controller.warn(warning)
        if moved.denied:
            return _refuse(logs / "stderr", _words(moved), code or 1)
        return code or int(key in self._denied)


def _words(moved: Moved) -> str:
    others = len(moved.denied) - 1
    return f"AccessDenied: {moved.denied[0]}{f', and {others} more' if others else ''}"


def _key(request: StepRequest) -> Key:
    return request.cluster_id, request.step_id


def _refuse(stderr: Path, text: str, code: int) -> int:
    _append(stderr, text)
    return code


def _append(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


def _left_out(request: StepRequest) -> list[str]:
    return [f"{name} describes the cluster's nodes: left out" for name in spark_conf.left_out(request.spark_defaults)]
