"""One command's nights from end to end: tools, cloud, state bucket, the nights, what they leave on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from embedded.airflow import database
from embedded.cloud import bootstrap, endpoint, environment, iam_option, on_option, roles, settings
from embedded.cloud.provider import Providers
from embedded.runs.remote import RemoteRunner
from embedded.runs.requests import RunRequest, SessionRequest
from embedded.runs.runner import Event, Runner
from embedded.terminal import again, pages, record, summary
from embedded.terminal.logs import new_log
from embedded.terminal.progress import Progress
from localcloud.credentials import Access, Credentials
from nightshift.failures.shown import plain
from tools import paths, toolchain
from tools.toolchain import Toolchain

# Stands for the cloud until it is there; the night process only imports by then.
PENDING = Access("http://127.0.0.1:0", Credentials("none", "none"))
SUCCESS, FAILURE, INTERRUPTED = 0, 1, 130


def run_session(request: SessionRequest) -> int:
    """Play what a command requested; gives the exit status, 0 only if every night's outcome is success.

    Raises CommandError.
    """
    progress, log = Progress(), new_log(request.name)
    tools = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="nightshift-") as scratch:
        home = database.copied(Path(scratch) / "airflow")
        more = {**again.settings(), **request.settings, **iam_option.of_nights(request.iam)}
        waiting = {**environment.embedded(PENDING, tools, home), **more}
        settings.check_variable(waiting)
        with (
            Providers(_mirror(tools, request), Path(scratch)) as providers,
            Runner(waiting, log, partial(_stopping, progress), held=(providers.lifeline,)) as runner,
        ):
            progress.say(f"tools found; log: {paths.shown(log)}")
            nights = request.nights(Path(scratch))
            started = {**environment.with_tools(tools), **iam_option.of_cloud(request.iam)}
            with endpoint.access(started, keep=request.keep) as access:
                progress.say(f"cloud: {access.endpoint}")
                cloud = {**environment.embedded(access, tools, home), **more}
                env = {**cloud, **providers.attach(cloud)}
                if not request.dry_run and bootstrap.ensure(env, log):
                    progress.say("state bucket made")
                if {request.on, env.get("NIGHTSHIFT_COMPUTE")} & {*on_option.ON_EKS}:
                    _kubernetes(env, progress)
                if request.iam:
                    role = roles.of_airflow(access, env, log)
                    runner.work_under({**role, **providers.attach({**cloud, **role})})
                    progress.say("IAM is enforced: nights run under their roles")
                with request.source(env):
                    good = Session(request, env, progress, runner).play(nights)
            return INTERRUPTED if runner.interrupted else SUCCESS if good else FAILURE


def _mirror(tools: Toolchain, request: SessionRequest) -> Path | None:
    """Where the provider is that is kept up; None if none is: on another cloud than localcloud one that crashes would
    leave the night without its teardown, and a dry run has no terraform."""
    return None if request.dry_run or endpoint.is_foreign() else tools.mirror


def _kubernetes(env: Mapping[str, str], progress: Progress) -> None:
    """Lay localcloud's cluster."""
    from embedded.cloud import kubernetes  # noqa: PLC0415 - its client takes a quarter of a second to import

    if kubernetes.ensure(env):
        progress.say("Kubernetes is up")


@dataclass(frozen=True)
class Session:
    """What the nights of one command share while they are played."""

    request: SessionRequest
    env: Mapping[str, str]
    progress: Progress
    runner: Runner | RemoteRunner

    def play(self, nights: Sequence[RunRequest]) -> bool:
        """Show the nights as they happen and end each with its summary; True if all of them succeeded."""
        left, good = list(nights), True
        self.progress.begin(left[0].title)
        try:
            for event in self.runner.play(self.env, [run.order for run in nights], self.progress.tick):
                if event["event"] != "night":
                    self.progress.show(event)
                    continue
                good &= self.end(left.pop(0), event)
                if left and good:
                    self.progress.begin(left[0].title)
        finally:
            self.runner.finish()  # while the cloud is there: an interrupted night is still tearing down
        _show(f"Not run: {run.title}" for run in left)
        if len(nights) > 1 and pages.shelf_of().is_file():
            _show([f"Page:     {paths.shown(pages.shelf_of())}, with a link to each night's"])
        return good and not left

    def end(self, run: RunRequest, event: Event) -> bool:
        """Keep what one night left and print its ending; True if its outcome is success."""
        _show(("",))
        if run.params.get("dry_run") and event["state"] == "success":
            _show(summary.plan(event["preflight"], self.runner.log))
            return True
        _show(summary.not_begun(self.progress.tasks, event["tasks"]))
        kept = record.keep(self.env, run.pipeline, event["run_id"])
        _show(summary.ending(kept, self.progress.failures, self.runner.log))
        if self.request.export:
            written = record.export(kept, self.request.export, self.request.export_format)
            _show(f"Gold:     {paths.shown(f)}" for f in written)
        if self.request.output:
            _show(f"File:     {paths.shown(f)}" for f in record.deliver(self.env, kept, self.request.output))
        _show(_page(kept))
        return kept.record is not None and kept.record["outcome"] != "failed" and event["state"] == "success"


def _page(kept: record.Kept) -> Iterator[str]:
    """The line that says where the night's page is; a page that cannot be made fails no night."""
    if kept.record is None:
        return
    try:
        yield f"Page:     {paths.shown(pages.write(kept.folder))}"
    except Exception as error:  # noqa: BLE001 - whatever it is: the night has ended, and its exit status is known
        yield f"Warning:  the page could not be made: {type(error).__name__}: {error}"


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        print(plain(line), flush=True)


def _stopping(progress: Progress, again: bool) -> None:
    """The message at Ctrl-C, the first time and when it is pressed again."""
    words = "the teardown continues; killing it would leave resources behind" if again else "stopping"
    progress.say(words)
