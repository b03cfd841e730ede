"""./nightshift costs: what the nights cost, per pipeline and month."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools import paths
from tools.errors import CommandError, InputRefused

if TYPE_CHECKING:
    from nightshift.config import Settings
    from nightshift.report.months import Sum

HELP = "what the nights cost, per pipeline and month"
DESCRIPTION = """\
Sums the records of the runs that were kept in .nightshift/runs: dollars by pipeline and month, by part, and the share
of the billed time that was start-up or idle. With --lake the sums come from the lake's index of runs, of 13 months,
in the AWS that the environment names (AWS_ENDPOINT_URL or credentials, NIGHTSHIFT_NAME); it has no parts."""
EPILOG = """\
examples:
  ./nightshift costs
  ./nightshift costs --month 2026-01
  NIGHTSHIFT_NAME=acme-prod ./nightshift costs --lake

exit status: 0 also if there are none; 1 the lake could not be read; 2 the request cannot be done."""
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
Costs = tuple[tuple[str, ...], list[tuple[Any, ...]], list[Mapping[str, Any]]]  # a header, rows, the nights
PARTS = ("EC2", "EMR", "EBS", "host", "requests")


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--month", metavar="YYYY-MM", default="", help="only this month")
    parser.add_argument("--lake", action="store_true", help="the lake's index of runs instead of the kept runs")


def run(options: argparse.Namespace) -> int:
    """Print a line for each month and pipeline. Raises CommandError."""
    from embedded.cloud import settings
    from embedded.terminal import summary
    from nightshift.compute import instances
    from nightshift.failures.shown import plain

    if options.month and not MONTH.fullmatch(options.month):
        raise InputRefused(f"--month is {options.month!r}: expected a month such as 2026-01.")
    own = settings.load()
    header, rows, nights = _of_lake(own, options.month) if options.lake else _of_kept(own, options.month)
    if not rows:
        print(f"No run{f' of {options.month}' if options.month else ''} is known.")
        return 0
    for line in summary.aligned(header, rows, widest=None):
        print(plain(line))
    if old := instances.age_warning_of(nights, datetime.now(UTC).date(), own.prices_max_age_days):
        print(old)
    return 0


def _of_kept(settings: Settings, month: str) -> Costs:
    from nightshift.report import months

    records = [*_records()]
    sums = months.of(records, settings.timezone, month)
    own = [name for name in dict.fromkeys(part for one in sums.values() for part in one.parts) if name not in PARTS]
    parts = [*(name for name in PARTS if any(name in one.parts for one in sums.values())), *own]
    rows = [(*key, *_cells(one, parts)) for key, one in sums.items()]
    header = ("month", "pipeline", "runs", "total", *parts, "start-up", "idle")
    return header, rows, [{**record["cost"], "started_at": record["started_at"]} for record in records]


def _cells(one: Sum, parts: list[str]) -> Iterator[str]:
    yield f"{one.runs}" + (f" ({one.unpriced} not priced)" if one.unpriced else "")
    yield f"${one.usd:.2f}"
    yield from (f"${one.parts.get(part, 0):.4f}" for part in parts)
    for key in ("start_up", "idle"):
        share = one.share(key)
        yield "-" if share is None else f"{share:.1%}"


def _records() -> Iterator[dict[str, Any]]:
    """The records of all kept runs."""
    from embedded.terminal import record

    return (kept.record for kept in record.readable(record.kept_runs(paths.RUNS)) if kept.record)


def _of_lake(settings: Settings, month: str) -> Costs:
    from botocore.exceptions import BotoCoreError, ClientError

    from nightshift.report import night_index

    try:
        index = night_index.read(settings) or night_index.empty()
    except (BotoCoreError, ClientError) as refused:
        raise CommandError(f"The lake's index of runs could not be read: {refused}") from None
    rows = [
        (each, dag, str(paid["nights"]), f"${paid['usd']:.2f}")
        for each, dags in index["money"].items()
        for dag, paid in sorted(dags.items())
        if month in ("", each)
    ]
    return ("month", "pipeline", "runs", "total"), rows, [night for dag in index["nights"].values() for night in dag]
