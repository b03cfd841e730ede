"""One repro from the record to the verdict: what ./nightshift repro does, and what it prints."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from embedded.cloud import clients, environment
from embedded.repro import fetch, rows, submitted, verdict
from embedded.repro.fetch import Cut
from embedded.repro.place import Place
from embedded.repro.submitted import Record, Submitted
from nightshift.failures.english import counted
from tools import paths, toolchain
from tools.errors import InputRefused

if TYPE_CHECKING:
    from localcloud.credentials import Access

SAME, OTHER = 0, 1
REPRO = paths.STATE / "repro"
DATABASE = (
    "Step {step} reads a database ({secret}), whose rows are not in S3: it cannot be run again here. Choose a later"
    " step with --step."
)


def play(options: argparse.Namespace, access: Access | None, record: Record | None) -> int:
    """Fetch the step of a run and run it; gives the exit status. Raises InputRefused."""
    if not record:
        raise InputRefused(f"{options.name} has no record: the run ended before it wrote one.")
    place = Place(REPRO / record["dag_id"] / record["slug"])
    job = _fetched(options, access, record, place)
    print(f"Fetched:  {paths.shown(place.folder)}/, which only you can read; it holds the rows, personal data too.")
    print(f"          Delete it: rm -r {paths.shown(place.folder)}", flush=True)
    code = place.play(os.environ, debug=options.pdb)
    status = SAME if options.pdb else _compared(record, job.name, place, code)
    print(f"Again:    {paths.shown(place.script)} [--pdb]; change {paths.shown(place.jobs)}/ to try a fix.")
    return status


def _fetched(options: argparse.Namespace, access: Access | None, record: Record, place: Place) -> Submitted:
    """Fetch all of the step into its folder, which is removed if that fails; gives the job as it will run."""
    s3 = clients.of(access, "s3", options.region)
    run = f"{record['dag_id']}/{record['slug']}"
    jobs = submitted.parsed(fetch.jobs_of(s3, _lake(options.name), run))
    job = submitted.chosen(jobs, record, options.step)
    cut = _cut(record, options.rows) if options.rows else None
    given = submitted.up_to(jobs, job) if cut else job
    if (secret := given.value("--source-secret")) and jobs.index(job) == 0:
        raise InputRefused(DATABASE.format(step=job.name, secret=secret))
    objects = fetch.read_by(s3, given, fetch.prefixes(given, jobs, cut), _began(record, job.name))
    total = sum(item.size for item in objects)
    if not cut and total > options.most_gb * fetch.GB:
        raise InputRefused(
            f"The step may have read {total / fetch.GB:.1f} GB: allow it with --most-gb, or take --rows N."
        )
    what = f"{counted(len(objects), 'object')}, {total / (1 << 20):.1f} MB at most"
    print(f"Fetching: step {job.name} of {run}: {what}", flush=True)
    place.open()
    try:
        fetch.code(s3, given, place.jobs)
        fetch.download(s3, objects, place.fetched, cut, f"{given.value('--input').rstrip('/')}/")
    except BaseException:
        shutil.rmtree(place.folder, ignore_errors=True)
        raise
    place.write(given, run, toolchain.java())
    return job


def _compared(record: Record, step: str, place: Place, code: int) -> int:
    """Print how the step ended here and there; gives the exit status."""
    there = verdict.there(record, step)
    here = verdict.here(place.logs(), code) if code else None
    print("\n".join(_words(there, here)))
    return SAME if here and (there is None or here.is_like(there)) else OTHER


def _words(there: verdict.Failure | None, here: verdict.Failure | None) -> Iterator[str]:
    if there:
        yield from there.lines("There:")
    if here is None:
        yield "Here:     the step succeeded"
        return
    yield from here.lines("Here:")
    if there:
        yield f"Result:   {'the same failure' if here.is_like(there) else 'another failure'}"


def _cut(record: Record, lines: int) -> Cut:
    failure: dict[str, Any] = record["failure"] or {}
    return Cut(lines, rows.failing_line(failure), failure.get("input_file") or "")


def _began(record: Record, step: str) -> datetime:
    """When the step began, by its service; the end of the run if that does not say."""
    times = [one["started_at"] for one in record["steps"] if one["name"] == step and one["started_at"]]
    return datetime.fromisoformat(times[-1] if times else record["ended_at"])


def _lake(name: str) -> str:
    """The bucket of the lake: that of the record's address, else of the deployment that the environment names."""
    if name.startswith("s3://"):
        return name.removeprefix("s3://").partition("/")[0]
    return f"{os.environ.get('NIGHTSHIFT_NAME', environment.NAME)}-lake"
