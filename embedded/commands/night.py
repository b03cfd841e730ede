"""./nightshift night: what `make run` does, the pipelines that read files, on data that the project makes up."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from embedded import dates, pipelines
from embedded.cloud import iam_option, on_option
from embedded.runs.requests import RunRequest, SessionRequest, run_session

HELP = "run every pipeline that reads files once, on generated data (what `make run` does)"
DESCRIPTION = """\
Generates data (several units and days, faulty rows, duplicates, a missing unit), then runs each pipeline that reads
files, for yesterday, one after the other; ends with rows, gold, cost and the proof that nothing is left."""
EPILOG = "exit status: 0 only if every outcome is success."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--keep", action="store_true", help="leave the simulated AWS that is started running")
    on_option.add(parser)
    iam_option.add(parser)


def run(options: argparse.Namespace) -> int:
    """Play the night; gives the exit status. Raises CommandError."""
    day = dates.today() - timedelta(days=1)

    def nights(scratch: Path) -> Sequence[RunRequest]:
        makers = pipelines.makers().items()
        params = on_option.params(options)
        return [RunRequest(pipeline, day, make(scratch / pipeline, [day])[day], params) for pipeline, make in makers]

    iam, on = iam_option.wanted(options), options.compute or ""
    return run_session(SessionRequest("night", nights, keep=options.keep, iam=iam, on=on))
