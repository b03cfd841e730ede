"""Running a step from request to outcome: pull S3, run the process, push S3, ship the logs."""

from __future__ import annotations

import logging
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localcloud.steps import spark_conf
from localcloud.steps.commands import launch_of
from localcloud.steps.controller import Controller
from localcloud.steps.environment import environment
from localcloud.steps.errors import CommandError
from localcloud.steps.explain import explain
from localcloud.steps.logs import LogShipper, tail
from localcloud.steps.mirror import Mirror
from localcloud.steps.process import StepProcess, open_files
from localcloud.steps.request import StepOutcome, StepRequest
from localcloud.steps.settings import StepSettings
from localcloud.steps.site import Site
from localcloud.steps.sync import VARIABLE, SyncPoint
from localcloud.steps.workspace import Workspace

_LOG = logging.getLogger(__name__)
_StepKey = tuple[str, str]
STOPPED = 143  # 128 + SIGTERM, as a shell counts it


class StepRunner:
    """Runs steps below one directory, each in the thread that calls run."""

    def __init__(self, work_dir: Path, log_delay_seconds: float = 0, settings: StepSettings | None = None) -> None:
        """work_dir: made if missing; what an earlier server left of its steps in it is removed."""
        self._settings = settings or StepSettings()
        top = work_dir.absolute()
        for name in ("steps", "hdfs"):
            shutil.rmtree(top / name, ignore_errors=True)
        self._mirror = Mirror(top / "s3")
        self._workspace = Workspace(top, self._settings)
        self._logs = LogShipper(log_delay_seconds)
        self._running: dict[_StepKey, StepProcess | None] = {}
        self._outlived: dict[_StepKey, StepProcess] = {}
        self._killed: set[_StepKey] = set()
        self._closed = False
        self._changed = threading.Condition()

    def run(self, request: StepRequest) -> StepOutcome:
        """Run a step and block until it has ended, its output is in S3 and (without delay) its logs are.

        What goes wrong with a step never raises: it is an exit code and a message (143: killed).
        """
        key = (request.cluster_id, request.step_id)
        with self._changed:
            self._running[key] = None
        try:
            return self._run(request)
        except Exception as problem:  # noqa: BLE001 - the engine's thread needs an outcome, whatever it was
            _LOG.exception("step %s of %s could not be run", request.step_id, request.cluster_id)
            return StepOutcome(1, f"localcloud could not run the step: {type(problem).__name__}: {problem}")
        finally:
            with self._changed:
                self._running.pop(key, None)
                self._changed.notify_all()

    def kill(self, cluster_id: str, step_id: str) -> None:
        """End a step: TERM to all its processes, after a grace KILL. Before its start it will not start."""
        key = (cluster_id, step_id)
        with self._changed:
            self._killed.add(key)
            process = self._running.get(key)
        if process:
            process.stop()
        self._end_outlived(lambda other: other == key)

    def forget(self, cluster_id: str) -> None:
        """A cluster is gone: ship the logs that wait, drop its HDFS."""
        self._logs.flush(cluster_id)
        self._end_outlived(lambda key: key[0] == cluster_id)
        with self._changed:
            self._killed = {key for key in self._killed if key[0] != cluster_id}
        for directory in self._workspace.cluster_dirs(cluster_id):
            shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Kill every step, wait until their processes are gone, run nothing more."""
        self._logs.close()
        with self._changed:
            self._closed = True
            processes = [process for process in self._running.values() if process]
        for process in processes:
            process.stop()
        self._end_outlived(lambda _: True)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, self._settings.kill_grace_seconds + 5)

    def _run(self, request: StepRequest) -> StepOutcome:
        controller = Controller(request)
        step_dir = self._workspace.open(request)
        logs = step_dir / "logs"
        code = self._attempt(request, step_dir, controller)
        code = self._push(request, logs, controller, code)
        controller.end(code)
        (logs / "controller").write_text(controller.text(), encoding="utf-8")
        message = "" if code == 0 else tail(logs / "stderr") or f"exit status {code}, and nothing in stderr"
        # What outlives an action still needs its directory, which goes with the cluster.
        after = (lambda: None) if request.outlived else (lambda: shutil.rmtree(step_dir, ignore_errors=True))
        self._logs.ship(request, logs, after)
        return StepOutcome(code, message)

    def _attempt(self, request: StepRequest, step_dir: Path, controller: Controller) -> int:
        """Everything up to the end of the process; returns its exit code."""
        stderr = step_dir / "logs" / "stderr"
        try:
            process = self._start(request, step_dir, controller)
        except CommandError as problem:
            return _refuse(stderr, str(problem), problem.exit_code)
        except OSError as problem:
            return _refuse(stderr, f"localcloud could not prepare the step: {problem}", 1)
        if process is None:
            return _refuse(stderr, "The step was stopped before it started.", STOPPED)
        code = process.wait()
        if request.outlived and not code:
            self._let_live(request, process)
        else:
            process.stop()
        if code:
            explain(stderr)
        return code

    def _let_live(self, request: StepRequest, process: StepProcess) -> None:
        key = (request.cluster_id, request.step_id)
        with self._changed:
            if not self._closed and key not in self._killed:
                self._outlived[key] = process
                return
        process.stop()

    def _end_outlived(self, chosen: Callable[[_StepKey], bool]) -> None:
        with self._changed:
            doomed = [self._outlived.pop(key) for key in list(self._outlived) if chosen(key)]
        for process in doomed:
            process.stop()
        for process in doomed:
            process.wait()

    def _start(self, request: StepRequest, step_dir: Path, controller: Controller) -> StepProcess | None:
        """Start the step's process; None when it was killed before."""
        started = time.monotonic()
        moved = self._mirror.pull(request.account)
        controller.info(f"S3 before the step: {moved} in {time.monotonic() - started:.2f} seconds")
        for warning in moved.warnings:
            controller.warn(warning)
        site = self._workspace.site(request, step_dir, self._mirror.buckets_dir(request.account))
        launch = launch_of(request.jar, request.args, site)
        controller.info(f"command: {shlex.join(launch.argv)}")
        for note in (*_left_out(request), *launch.notes):
            controller.info(note)
        env = {**environment(request, site), **launch.env}
        return self._spawn(request, launch.argv, env, site)

    def _spawn(
        self, request: StepRequest, argv: Sequence[str], env: Mapping[str, str], site: Site
    ) -> StepProcess | None:
        key, account = (request.cluster_id, request.step_id), request.account
        point = SyncPoint(
            lambda: self._mirror.pull(account),
            lambda: self._mirror.push(account, lambda: open_files(self._sessions()), lambda: False),
        )
        env = {**env, VARIABLE: str(point.descriptor)}
        with self._changed:
            if self._closed or key in self._killed:
                point.abandon()
                return None
            process = StepProcess(
                argv,
                site.work_dir,
                env,
                site.step_dir / "logs",
                grace_seconds=self._settings.kill_grace_seconds,
                inherited=[point.descriptor],
                outlived=request.outlived,
            )
            self._running[key] = process
        point.serve()
        return process

    def _push(self, request: StepRequest, logs: Path, controller: Controller, code: int) -> int:
        """Send what the step wrote; returns the exit code, 1 when the step was fine but S3 does not have it."""
        started = time.monotonic()
        key = (request.cluster_id, request.step_id)
        try:
            moved = self._mirror.push(
                request.account, lambda: open_files(self._sessions(key)), lambda: self._alone(key)
            )
        except OSError as problem:
            return _refuse(logs / "stderr", f"localcloud could not write the step's output to S3: {problem}", code or 1)
        controller.info(f"S3 after the step: {moved} in {time.monotonic() - started:.2f} seconds")
        for warning in moved.warnings:
            controller.warn(warning)
        return code

    def _sessions(self, but: _StepKey | None = None) -> set[int]:
        with self._changed:
            return {process.session for key, process in self._running.items() if process and key != but}

    def _alone(self, key: _StepKey) -> bool:
        with self._changed:
            return set(self._running) <= {key}


def _refuse(stderr: Path, text: str, code: int) -> int:
    with stderr.open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")
    return code


def _left_out(request: StepRequest) -> list[str]:
    return [f"{name} describes the cluster's nodes: left out" for name in spark_conf.left_out(request.spark_defaults)]
