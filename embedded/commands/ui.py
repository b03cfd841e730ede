"""./nightshift ui: Airflow's UI with its real scheduler, against localcloud."""

from __future__ import annotations

import argparse

from embedded.cloud import iam_option

HELP = "start the Airflow UI with its scheduler, on a simulated AWS"
DESCRIPTION = """\
Starts PostgreSQL, Airflow's api-server, scheduler, dag-processor and triggerer, and a simulated AWS unless one is
running, all on 127.0.0.1; prints address and login, and stops everything it started on Ctrl-C. Runs start when they are
triggered; made-up input for yesterday is delivered as soon as the first run's foundation has made the raw bucket. Each
run that ends is copied to .nightshift/runs/ and stays there."""
EPILOG = "The parts' logs are in .nightshift/logs/ui/."


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--port", type=int, help="port of the UI (default: a free one)")
    parser.add_argument("--keep", action="store_true", help="leave the simulated AWS that is started running")
    iam_option.add(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; gives 0 then. Raises CommandError when a part does not come up, or ends."""
    from embedded import pipelines
    from embedded.airflow import serving

    return serving.serve(options.port, pipelines.makers(), keep=options.keep, iam=iam_option.wanted(options))
