"""./nightshift replay: rows of one date that were refused, judged again after a fix."""

from __future__ import annotations

import argparse

from embedded import dates, pipelines
from embedded.cloud import endpoint, iam_option, on_option
from embedded.runs.requests import RunRequest, SessionRequest, run_session
from embedded.uploads import inputs
from embedded.uploads.inputs import Delivery
from tools.errors import InputRefused

HELP = "validate the quarantined rows of a date again, after a fix"
DESCRIPTION = """\
Executes a run that reads, instead of input, the rows that bronze quarantined on one business date: rows that pass
today's contract (or encoding) join the accepted ones, and the date's gold is made again. It may be run twice. The
lake must be there: it is that of the simulated AWS that is running (./nightshift cloud up), or of AWS_ENDPOINT_URL."""
EPILOG = "exit status: as of ./nightshift run."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="see ./nightshift list")
    parser.add_argument("--date", metavar="YYYY-MM-DD", required=True, help="business date of the refused rows")
    parser.add_argument("--encoding", metavar="E", help="how wordcount's text is written, if that was the fault")
    on_option.add(parser)
    iam_option.add(parser)


def run(options: argparse.Namespace) -> int:
    """Play the replay; gives the exit status. Raises CommandError."""
    pipeline = pipelines.named(options.pipeline)
    if not pipeline.definition.keeps_bronze:
        raise InputRefused(
            f"{pipeline.name} keeps no bronze, so no row of it is in quarantine: run the date again with its input"
            f" (./nightshift run {pipeline.name} --date {options.date})."
        )
    endpoint.needed("replay")
    encoding = {"encoding": inputs.encoding(options.encoding)} if options.encoding else {}
    request = RunRequest(
        pipeline.name,
        dates.parsed(options.date, "--date"),
        Delivery((), ()),
        {"replay": True, **encoding, **on_option.params(options)},
    )
    settings = pipelines.jdbc() if pipeline.from_database else {}
    iam = iam_option.wanted(options)
    return run_session(
        SessionRequest("replay", lambda _scratch: [request], settings=settings, iam=iam, on=options.compute or "")
    )
