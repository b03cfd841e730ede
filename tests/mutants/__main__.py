"""`make mutants`: do the tests see it when a line does something else? A seeded sample of mutants, each played once.

    python -m tests.mutants GROWER [--seed 1] [--share 1.0] [--jobs 2] [WORD]

A mutant lives in memory alone: a process that has what is slow (pytest, Airflow, moto) forks for each, and the child
imports the mutant instead of the file, then plays the tests of that file. A survivor is a change that they all pass:
give them a test that fails, or name it in accepted.toml with the reason. Exit status 1 if one is not named, 2 if the
tests fail without one.
"""

from __future__ import annotations

import argparse
import atexit
import importlib.abc
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]
ACCEPTED = Path(__file__).with_name("accepted.toml")
SOURCES = {"plugins/": "plugins", "include/spark_jobs/": "include/spark_jobs"}
UNIT = "tests/nightshift/"
WRITERS = "test_ledger.py::test_two_writers_at_once_lose_nothing"  # starts a localcloud
BACKFILL = (
    "test_backfill.py::test_a_day_whose_step_failed_makes_it_none_and_the_record_has_the_gold_of_the_others",
    "test_backfill.py::test_a_day_with_a_broken_contract_is_a_doubt_that_names_it",
)
SUITES = {  # which tests are to see a change of a file
    "plugins/nightshift/lake/audit.py": ("test_audit.py",),
    "plugins/nightshift/state/ledger.py": ("test_ledger.py", "--deselect", WRITERS),
    "plugins/nightshift/state/s3_lease.py": ("test_s3_lease.py",),
    "plugins/nightshift/reaper/verdict.py": ("test_reaper_verdict.py",),
    "plugins/nightshift/report/message.py": ("test_report.py",),
    "plugins/nightshift/report/record.py": ("test_report.py", "test_dollars.py", *BACKFILL),
    "plugins/nightshift/report/outcome_rules.py": ("test_truth.py", "test_report.py", *BACKFILL),
    "plugins/nightshift_contract/model.py": (
        *("test_contract.py", "test_contract_package.py", "test_odcs.py"),
        "../spark_jobs/test_csv_text.py",
    ),
    "include/spark_jobs/medallion/csv_text.py": ("../spark_jobs/test_csv_text.py",),
    "include/spark_jobs/medallion/parallel.py": ("../spark_jobs/test_parallel.py",),
}
KEPT = ("tests/conftest.py", "tests/costs.py", "tests/order.py")  # a home of Airflow's serves all children
PATIENCE = 3, 10  # times what the tests take without a mutant, and seconds more
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]


@dataclass(frozen=True)
class Mutant:
    """A file's text with one change; the changed lines are its name."""

    file: str
    was: str
    now: str
    text: str

    @property
    def module(self) -> str:
        (source,) = [folder for folder in SOURCES if self.file.startswith(folder)]
        return self.file.removeprefix(source).removesuffix(".py").replace("/", ".")

    @property
    def name(self) -> tuple[str, str, str]:
        return self.file, self.was, self.now

    def __str__(self) -> str:
        return f"{self.file}\n    - {self.was}\n    + {self.now}"


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant to who imports its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name, path=None, target=None):
        if name != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(name, ROOT / self._mutant.file, loader=self)

    def exec_module(self, module):
        exec(compile(self._mutant.text, str(ROOT / self._mutant.file), "exec"), module.__dict__)


def main():
    asked = arguments()
    files = [file for file in SUITES if asked.word in file]
    grown = grow(asked.grower, asked.seed, asked.share, files)
    mutants = [Mutant(m["file"], m["was"], m["is"], m["text"]) for m in grown["mutants"]]
    print(f"{len(mutants)} mutants of {grown['places']} places in {len(files)} files, seed {asked.seed}", flush=True)
    warm(files)
    limits = {}
    for file in files:
        began = time.monotonic()
        if waited(Child(None, file), sys.maxsize) != "survived":
            print(f"The tests of {file} fail without a mutant: {', '.join(tests_of(file))}")
            return 2
        limits[file] = PATIENCE[0] * (time.monotonic() - began) + PATIENCE[1]
    fates = play(mutants, limits, asked.jobs)
    return tell(mutants, fates, accepted())


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("grower", help="the Python that has cosmic-ray")
    parser.add_argument("word", nargs="?", default="", help="only files whose path has this word")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--share", default="1", help="of the places, from 0 to 1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser.parse_intermixed_args()


def grow(python, seed, share, files):
    command = [python, str(Path(__file__).with_name("grow.py")), seed, share, *files]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def tests_of(file):
    return [name if name.startswith("-") else os.path.normpath(UNIT + name) for name in SUITES[file]]


def warm(files):
    """Import what the tests import, once; then forget what is ours, so that each child takes it anew."""
    few = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    settings.register_profile("mutants", few)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    silent(
        lambda: pytest.main([*OPTIONS, "--collect-only", *sorted({test for file in files for test in tests_of(file)})])
    )
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "/")
        ours = path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv") and name != "__main__"
        if ours and str(path.relative_to(ROOT)) not in KEPT:
            del sys.modules[name]


def silent(act):
    """What the act says goes nowhere."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        return act()
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class Child:
    """A process that plays the tests of a file on a mutant of it (on the file itself when that is None)."""

    def __init__(self, mutant, file):
        self.mutant, self.began, self.pid = mutant, time.monotonic(), os.fork()
        if not self.pid:
            os.setsid()
            atexit._clear()  # what the parent would remove is the parent's
            code = 3
            try:
                code = self._played(file)
            finally:
                os._exit(code)

    def _played(self, file):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        if self.mutant:
            sys.meta_path.insert(0, Instead(self.mutant))
        try:
            return int(pytest.main([*OPTIONS, *tests_of(file)]))
        finally:
            atexit._run_exitfuncs()

    def fate(self, limit):
        """What became of the mutant; None while its tests run."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
        if time.monotonic() - self.began > limit:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return "timed out"
        return None


def waited(child, limit):
    while (fate := child.fate(limit)) is None:
        time.sleep(0.05)
    return fate


def play(mutants, limits, jobs):
    """The fate of each mutant, some at a time."""
    fates, left, running = {}, list(mutants), []
    while left or running:
        while left and len(running) < jobs:
            running.append(Child(left[0], left.pop(0).file))
        for child in list(running):
            if fate := child.fate(limits[child.mutant.file]):
                running.remove(child)
                fates[child.mutant.name] = fate
                if fate == "survived":
                    print(f"survived: {child.mutant}", flush=True)
                if len(fates) % 20 == 0:
                    print(f"{len(fates)} of {len(mutants)} played: {told(fates)}", flush=True)
        time.sleep(0.02)
    return fates


def told(fates):
    return ", ".join(f"{count} {fate}" for fate, count in sorted(Counter(fates.values()).items()))


def accepted():
    named = tomllib.loads(ACCEPTED.read_text(encoding="utf-8")).get("accepted", [])
    assert all(entry["reason"].strip() for entry in named), f"{ACCEPTED.name}: every entry needs a reason"
    return {(entry["file"], entry["was"], entry["now"]) for entry in named}


def tell(mutants, fates, named):
    survivors = [mutant for mutant in mutants if fates[mutant.name] == "survived"]
    unnamed = [mutant for mutant in survivors if mutant.name not in named]
    print(f"\n{len(mutants)} mutants: {told(fates)}; {len(survivors) - len(unnamed)} are named in {ACCEPTED.name}")
    for file, was, now in sorted(named & {name for name, fate in fates.items() if fate != "survived"}):
        print(f"Named, but killed by now (strike it out): {file}: {was} -> {now}")
    if unnamed:
        print(f"\nSurvivors without a name ({len(unnamed)}):")
    for mutant in unnamed:
        print(mutant)
    return 1 if unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
