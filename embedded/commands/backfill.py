"""./nightshift backfill: the days that have input but no gold, on one cluster."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from typing import Any

from embedded import dates, pipelines
from embedded.cloud import endpoint, iam_option, on_option
from embedded.pipeline import Pipeline
from embedded.runs.requests import RunRequest, SessionRequest, run_session
from embedded.uploads.inputs import Delivery

DAYS_AT_ONCE = 20  # on one cluster, whose time is limited
HELP = "make the days that have input but no gold (shows them unless --run)"
DESCRIPTION = """\
Looks for the business dates of PIPELINE that have input but no gold, or gold that is older than its input or was made
by an older contract, and shows them with the time and the dollars that making them takes. With --run it makes them, the
oldest first, up to 20 days on one cluster; a day that fails does not stop the others of its cluster and is named. Input
and lake must be there: they are those of the simulated AWS that is running (./nightshift cloud up), or of
AWS_ENDPOINT_URL."""
EPILOG = "exit status: 0 every day was made (or shown); 1 a day was not; 2 the request cannot be done."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="see ./nightshift list")
    parser.add_argument("--from", dest="first", metavar="YYYY-MM-DD", required=True, help="first business date")
    parser.add_argument("--to", dest="last", metavar="YYYY-MM-DD", required=True, help="last of them, included")
    parser.add_argument("--run", dest="make", action="store_true", help="make them")
    parser.add_argument("--force", action="store_true", help="all days that have input, also those without a gap")
    on_option.add(parser)
    iam_option.add(parser)


def run(options: argparse.Namespace) -> int:
    """Show or make the days; gives the exit status. Raises CommandError."""
    pipeline = pipelines.named(options.pipeline)
    pipelines.backfill_of(pipeline)  # one without is refused at once
    days = dates.between(dates.parsed(options.first, "--from"), dates.parsed(options.last, "--to"))
    endpoint.needed("backfill")
    size = DAYS_AT_ONCE if options.make else len(days)
    parts = [days[n : n + size] for n in range(0, len(days), size)]
    requests = [
        _request(pipeline, part, {"dry_run": not options.make, "force": options.force, **on_option.params(options)})
        for part in parts
    ]
    return run_session(
        SessionRequest("backfill", lambda _scratch: requests, iam=iam_option.wanted(options), on=options.compute or "")
    )


def _request(pipeline: Pipeline, days: Sequence[date], more: dict[str, Any]) -> RunRequest:
    params = {"first": str(days[0]), "last": str(days[-1]), **more}
    return RunRequest(pipelines.backfill_of(pipeline), days[-1], Delivery((), ()), params)
