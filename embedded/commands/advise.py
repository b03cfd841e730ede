"""./nightshift advise: which machines would have done a pipeline's last nights for less. It changes nothing."""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import add as plus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import paths
from tools.errors import InputRefused

if TYPE_CHECKING:
    from nightshift.config import Settings
    from nightshift.report.spark_events import Usage

HELP = "which machines would do a pipeline's nights for less"
DESCRIPTION = """\
Looks at the last nights of PIPELINE that were kept in .nightshift/runs and proposes instance types and counts, and
other compute targets, with the expected saving. It only proposes: the settings are NIGHTSHIFT_*_TYPES, *_UNITS and
NIGHTSHIFT_COMPUTE.

Counts need to know how busy the cores were: the newest night's record says what Spark used. --events takes it from the
event logs of one night's applications instead (on EMR hdfs:///var/log/spark/apps, also in the console's Spark history
server)."""
EPILOG = """\
examples:
  ./nightshift advise mrhealth_sales
  ./nightshift advise mrhealth_sales --events application_1700000000000_0001 application_1700000000000_0002

exit status: 0 something is known; 2 no night is, or a file is no event log."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="wordcount, mrhealth_sales, … (see ./nightshift list)")
    parser.add_argument("--events", metavar="FILE", type=Path, nargs="+", help="Spark event logs of one night's jobs")


def run(options: argparse.Namespace) -> int:
    """Print what the nights say and what would cost less. Raises InputRefused."""
    from embedded import pipelines
    from embedded.cloud import settings as own
    from embedded.terminal import record
    from nightshift.failures.shown import plain
    from nightshift.report import advice

    name, settings = pipelines.named(options.pipeline).name, own.load()
    folders = [folder for folder in record.kept_runs(paths.RUNS) if folder.parent.name == name]
    every = [kept.record for kept in record.readable(folders) if kept.record]
    known = advice.nights(every, settings.compute)
    if not known:
        raise InputRefused(f"No successful night of {name} on {settings.compute} is kept in {paths.shown(paths.RUNS)}.")
    used = _usage(options.events) if options.events else advice.used(known)
    for line in _lines(settings, known, used):
        print(plain(line))
    return 0


def _usage(files: Sequence[Path]) -> Usage:
    """What the applications of the files used together. Raises InputRefused."""
    from nightshift.report import spark_events

    used = []
    for file in files:
        try:
            with (
                gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as log
            ):
                application = spark_events.usage(log)
        except (OSError, UnicodeDecodeError) as refused:
            raise InputRefused(f"{file} cannot be read: {refused}.") from None
        if not application:
            raise InputRefused(f"{file} is no event log of a Spark application that ran a task.")
        used.append(application)
    return reduce(plus, used)


def _lines(settings: Settings, known: Sequence[Mapping[str, Any]], used: Usage | None) -> Iterator[str]:
    from statistics import median

    from embedded.cloud import environment
    from nightshift.compute import instances
    from nightshift.compute.targets import TARGETS
    from nightshift.failures.english import counted
    from nightshift.report import advice

    paid, seconds = median(each["cost"]["measured"] for each in known), advice.shares(known)
    yield f"{counted(len(known), 'night')} on {settings.compute}, ${paid:.4f} in the median"
    if any(each["compute"].get("name", "").startswith(f"{environment.NAME} ") for each in known):
        yield "On the simulated AWS of this machine: the minutes and the busy cores are this machine's, not AWS's"
    as_of = TARGETS[settings.compute](settings).prices()["prices_as_of"]
    if old := instances.age_warning(as_of, datetime.now(UTC).date(), settings.prices_max_age_days):
        yield old
    if seconds:
        parts = {key: seconds[key] / seconds["billed"] for key in ("start_up", "working", "idle")}
        yield f"Billed: {seconds['billed'] / 60:.1f} minutes, of which " + ", ".join(
            f"{share:.0%} {key.replace('_', '-')}" for key, share in parts.items()
        )
    yield from _by_events(settings, used, seconds)
    cheaper = list(advice.elsewhere(known))
    for name, usd, saving in sorted(cheaper, key=lambda one: one[1]):
        yield f"On {name} the same work would have cost ${usd:.4f}: {saving:.0%} less"
    if not cheaper:
        yield "No other compute target would have cost less"


def _by_events(settings: Settings, used: Usage | None, seconds: dict[str, float]) -> Iterator[str]:
    from nightshift.compute import instances
    from nightshift.report import advice

    if not used or not seconds:
        yield "No night says what Spark used: no other count is proposed" if seconds else "The time is not known"
        return
    yield (
        f"Spark: {used.busy:.0%} of {used.cores} cores busy, {used.cpu / used.tasks:.0%} of that on the CPU; shuffled"
        f" {used.shuffled / 2**20:,.0f} MiB, spilled {used.spilled / 2**20:,.0f} MiB,"
        f" heap {f'up to {used.heap / 2**20:,.0f} MiB' if used.heap else 'unknown'}"
    )
    now = advice.Machines(settings.core_types[0], settings.core_units + settings.task_units)
    if better := advice.machines(now, used, seconds, instances.of(settings)):
        yield (
            f"{better.machines} instead of {now}: {better.minutes:g} minutes and ${better.usd:.4f} a night instead of"
            f" ${better.now:.4f}, all On-Demand: {better.saving:.0%} less"
        )
    else:
        yield f"No other machines than {now} would cost at least {advice.LEAST_SAVING:.0%} less"
