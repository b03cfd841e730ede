"""The process behind ./nightshift reap: the library's reaper, for all dead runs or for one; its results as lines."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from embedded.commands import reap
from embedded.sources import owners
from nightshift import config
from nightshift.aws import clients
from nightshift.failures.errors import NightshiftError, PreflightError
from nightshift.failures.shown import plain
from nightshift.reaper import cleanup
from nightshift.reaper.cleanup import Row
from nightshift.reaper.discovery import discover
from nightshift.reaper.verdict import Case, Verdict
from nightshift.run import processes
from nightshift.run.ids import slug_of

DONE, FAILED = 0, 1
NEXT = "Set NIGHTSHIFT_NAME and AWS_REGION to the deployment's own, with credentials of its account."
NEXT_RUN = "Take a name from ./nightshift reap --dry-run."


def main(arguments: Sequence[str]) -> int:
    """One pass, or one run; 1 when something could not be reaped, or another reaper is at work."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    parser = argparse.ArgumentParser()
    reap.add(parser)
    options = parser.parse_args(arguments)
    try:
        settings = config.load()
        print(f"Account:  {_scope(settings)}", flush=True)
        if options.run:
            return _one(settings, options)
        _forget_sources(settings, options.dry_run)
        return _shown(cleanup.reap(settings, _who(), dry_run=options.dry_run))
    except (NightshiftError, BotoCoreError, ClientError) as error:
        print(f"nightshift: {plain(str(error))}", file=sys.stderr)
        return FAILED


def _forget_sources(settings: config.Settings, dry_run: bool) -> None:
    """Delete the secrets of databases that killed commands left; they are of no run."""
    client = clients.client(settings, "secretsmanager")
    for secret in list(owners.left(client, settings.name)):
        if not dry_run:
            client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        print(f"Secret:   {secret} of a killed command {'would be' if dry_run else 'was'} deleted", flush=True)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as lines, or one line that there is nothing."""
    shown = list(rows)
    if not shown:
        yield "No run is open, and no run left resources."
        return
    width = max(len(row.run) for row in shown)
    for row in shown:
        yield f"{row.run:<{width}}  {row.fate:<5}  {row.why}"
        if row.done:
            yield f"{'':<{width}}  {'':<5}  {'' if row.ok else 'FAILED: '}{row.done}"


def plan(case: Case, judged: Verdict) -> Iterator[str]:
    """What ending the run means, before it is ended."""
    yield f"Run:      {case.night.run}, business date {case.night.business_date}"
    yield f"State:    {judged.fate}: {judged.why}"
    conductor = case.night.conductor
    if case.open and conductor and processes.is_here(conductor) and not case.death:
        yield f"Process:  {conductor} is executing it: kill {conductor.pid} stops it, with its own teardown"
    yield f"Ends:     {', '.join(f'{one.kind} {one}' for one in case.resources) or 'no resource of it exists'}"


def _one(settings: config.Settings, options: argparse.Namespace) -> int:
    """Show what the end of one run means, and end it when that is confirmed."""
    run = _named(settings, options.run)
    observed = cleanup.observe(settings, run)
    if observed is None:
        print(f"{run} has ended, and no resource of it is left.")
        return DONE
    print(plain("\n".join(plan(*observed))), flush=True)
    if options.dry_run:
        return DONE
    if not options.yes and not _confirmed():
        print("Nothing was ended.")
        return FAILED
    print("Ending it, which may take some minutes.", flush=True)
    return _shown(cleanup.give_up(settings, _who(), run))


def _named(settings: config.Settings, name: str) -> str:
    """The run that is meant by its whole name (wordcount/manual__…), its slug or its run id. Raises PreflightError."""
    runs = list(discover(settings).runs)
    meant = [run for run in runs if name == run or run.partition("/")[2] in {name, slug_of(name)}]
    if len(meant) == 1:
        return meant[0]
    what = "several runs" if meant else "no run that is open or left resources"
    raise PreflightError(f"{name} names {what}: there is {', '.join(meant or runs) or 'none'}.", NEXT_RUN)


def _confirmed() -> bool:
    """A person's confirmation; without a terminal, none."""
    if not sys.stdin.isatty():
        print("There is no terminal to confirm on: give --yes to end it.", flush=True)
        return False
    return input("End it? [y/N] ").strip().lower() in {"y", "yes"}


def _shown(done: cleanup.Pass) -> int:
    for line in [done.busy] if done.busy else table(done.rows):
        print(plain(line))
    return FAILED if done.busy or not all(row.ok for row in done.rows) else DONE


def _scope(settings: config.Settings) -> str:
    """Where the reaper will look. Raises PreflightError when no lake of that name is there: it would find nothing
    anywhere, and "nothing is left" would be no news."""
    account, lake = clients.client(settings, "sts").get_caller_identity()["Account"], settings.bucket("lake")
    try:
        there = clients.client(settings, "s3").head_bucket(Bucket=lake).get("BucketRegion", settings.region)
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        raise PreflightError(f"The lake {lake} cannot be read in account {account} ({code}).", NEXT) from refused
    if there != settings.region:
        raise PreflightError(f"The lake {lake} is in {there}, but this command looks in {settings.region}.", NEXT)
    return f"{account}, {settings.name} in {settings.region}"


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}, process {os.getpid()}"


if __name__ == "__main__":
    logging.getLogger("nightshift").setLevel(logging.WARNING)  # Airflow's own set-up would print terraform's whole plan
    sys.exit(main(sys.argv[1:]))
