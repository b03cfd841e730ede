"""One command's nights from end to end: tools, cloud, state bucket, the nights, what they leave on disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from embedded.cloud import bootstrap, endpoint, environment, iam_option, roles
from embedded.errors import TreeRefused
from embedded.runs.remote import Remote
from embedded.runs.requests import Asked, Program
from embedded.runs.runner import Event, Player
from embedded.terminal import record, summary
from embedded.terminal.progress import Progress
from localcloud import private
from localcloud.credentials import Access, Credentials
from nightshift.failures.shown import plain
from tools import paths, toolchain
from tools.errors import CommandError

# Stands for the cloud until it is there; the night process only imports by then.
PENDING = Access("http://127.0.0.1:0", Credentials("none", "none"))
SUCCESS, FAILURE, INTERRUPTED = 0, 1, 130


def conduct(program: Program) -> int:
    """Play the program; gives the exit status: 0 only if every night's outcome is success. Raises CommandError."""
    progress, log = Progress(), new_log(program.name)
    tools = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="nightshift-") as scratch:
        home = airflow_home(Path(scratch) / "airflow")
        more = {**program.settings, **iam_option.of_nights(program.iam)}
        waiting = {**environment.embedded(PENDING, tools, home), **more}
        with Player(waiting, log, lambda again: _stopping(progress, again)) as player:
            progress.say(f"tools found; log: {paths.shown(log)}")
            nights = program.nights(Path(scratch))
            started = {**environment.with_tools(tools), **iam_option.of_cloud(program.iam)}
            with endpoint.access(started, keep=program.keep) as access:
                progress.say(f"cloud: {access.endpoint}")
                env = {**environment.embedded(access, tools, home), **more}
                if bootstrap.ensure(env, log):
                    progress.say("state bucket made")
                if program.iam:
                    player.work_under(roles.of_airflow(access, env, log))
                    progress.say("IAM is enforced: nights run under their roles")
                with program.source(env):
                    good = Session(program, env, progress, player).play(nights)
            return INTERRUPTED if player.interrupted else SUCCESS if good else FAILURE


def new_log(name: str) -> Path:
    """A new log file for one command. Raises TreeRefused."""
    log = paths.LOGS / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        private.folder(paths.STATE)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as refused:
        raise TreeRefused(
            f"A run keeps its log and its record in {log.parents[1]}, which cannot be written ({refused.strerror}):"
            " make it writable, or copy the tree to where you may write."
        ) from refused
    return log


def airflow_home(target: Path, template: Path = paths.AIRFLOW_HOME) -> Path:
    """An AIRFLOW_HOME of this run's own with the migrated database that set-up made, so that runs do not meet.

    Raises CommandError when set-up did not make one.
    """
    database = template / "airflow.db"
    if not database.is_file():
        raise CommandError(f"{database} is not there: run `make setup`.")
    target.mkdir(parents=True)
    shutil.copyfile(database, target / "airflow.db")
    return target


@dataclass(frozen=True)
class Session:
    """What the nights of one command share while they are played."""

    program: Program
    env: Mapping[str, str]
    progress: Progress
    player: Player | Remote

    def play(self, nights: Sequence[Asked]) -> bool:
        """Show the nights as they happen and end each with its summary; True if all of them succeeded."""
        left, good = list(nights), True
        self.progress.begin(left[0].title)
        try:
            for event in self.player.play(self.env, [asked.order for asked in nights], self.progress.tick):
                if event["event"] != "night":
                    self.progress.show(event)
                    continue
                good &= self.end(left.pop(0), event)
                if left and good:
                    self.progress.begin(left[0].title)
        finally:
            self.player.finish()  # while the cloud is there: an interrupted night is still tearing down
        _show(f"Not played: {asked.title}" for asked in left)
        return good and not left

    def end(self, asked: Asked, event: Event) -> bool:
        """Keep what one night left and print its ending; True if its outcome is success."""
        _show(("", "Tasks", *summary.times(self.progress.tasks, event["tasks"])))
        if asked.params.get("dry_run") and event["state"] == "success":
            _show(summary.plan(event["preflight"], self.player.log))
            return True
        kept = record.keep(self.env, asked.pipeline, event["run_id"])
        _show(summary.ending(kept, self.progress.failures, self.player.log))
        if self.program.export:
            _show(f"Gold:     {paths.shown(f)}" for f in record.export(kept, self.program.export))
        if self.program.output:
            _show(f"File:     {paths.shown(f)}" for f in record.deliver(self.env, kept, self.program.output))
        return kept.record is not None and kept.record["outcome"] != "failed" and event["state"] == "success"


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        print(plain(line), flush=True)


def _stopping(progress: Progress, again: bool) -> None:
    """What the user is told at Ctrl-C, the first time and when it is pressed again."""
    words = "the teardown goes on; killing it would leave what was made" if again else "stopping"
    progress.say(words)
