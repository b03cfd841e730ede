"""Where the time of a night goes: Airflow, terraform, Spark, localcloud, waiting; as a table.

    .venv/bin/python -m benchmarks.night [--runs N]

Each round is one `./nightshift night` (the pipelines that read files, generated data, everything from nothing) and, on
this tree's localcloud that is up with its foundation applied, one `./nightshift run wordcount` of a 400 kB text.
terraform is timed by a stand-in on PATH that calls the real one. CPU is that of the command and of all that it starts,
the terraform provider among them; a localcloud that is up, with its steps, is not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from datagen import generate_text
from embedded.cloud import endpoint
from tools import paths

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / ".nightshift" / "runs"
TEXT_BYTES = 400_000
TERRAFORM, STEPS, CLOUD = "terraform", "Spark steps", "localcloud up and down"
REST = "Airflow and the command"


@dataclass(frozen=True)
class Measured:
    """One command: its wall and CPU seconds, how often it started terraform, and the wall seconds of each part."""

    wall: float
    cpu: float
    started: int
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def table(self) -> dict[str, float]:
        """Every part and, as what is left, Airflow."""
        return {**self.parts, REST: self.wall - sum(self.parts.values())}


def main() -> None:
    """Measure and print a Markdown table for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="rounds; the median is shown (default 3)")
    rounds = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as scratch:
        folder = Path(scratch)
        text = folder / "text.txt"
        generate_text(text, TEXT_BYTES, "pt", seed=1)
        show("make run", [night(folder) for _ in range(rounds)])
        with running_cloud():
            word_count(folder, text)  # lays the foundation
            show(
                "./nightshift run wordcount, 400 kB, localcloud up",
                [word_count(folder, text) for _ in range(rounds)],
            )


def night(folder: Path) -> Measured:
    """`make run` without its set-up."""
    start, stop = cloud_seconds(folder)
    found = measured(["night"], folder, os.environ)
    return replace(found, parts={**found.parts, CLOUD: start + stop})


def word_count(folder: Path, text: Path) -> Measured:
    """One night of wordcount on a cloud that is there."""
    return measured(["run", "wordcount", "--input", str(text)], folder, os.environ)


def measured(arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Measured:
    """Run the command and take its parts from the stand-in's log and from the records that it kept."""
    log, bin_dir = folder / "terraform.log", stand_in(folder)
    log.unlink(missing_ok=True)
    before = set(RUNS.glob("*/*/record.json"))
    began, used = time.monotonic(), cpu_seconds()
    env = {**env, "PATH": f"{bin_dir}{os.pathsep}{env['PATH']}"}
    subprocess.run([str(ROOT / "nightshift"), *arguments], env=env, check=True, stdout=subprocess.DEVNULL)
    wall, cpu = time.monotonic() - began, cpu_seconds() - used
    terraform = [json.loads(line) for line in log.read_text().splitlines()]
    steps = sum(step_seconds(record) for record in set(RUNS.glob("*/*/record.json")) - before)
    return Measured(wall, cpu, len(terraform), {TERRAFORM: sum(call["wall"] for call in terraform), STEPS: steps})


def cpu_seconds() -> float:
    """What the commands that have ended used, with all that they started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def step_seconds(record: Path) -> float:
    """How long the steps of a run ran, by EMR's own timeline."""
    steps = json.loads(record.read_text())["steps"]
    spans = [(datetime.fromisoformat(s["started_at"]), datetime.fromisoformat(s["ended_at"])) for s in steps]
    return sum((ended - started).total_seconds() for started, ended in spans)


def stand_in(folder: Path) -> Path:
    """A directory for PATH in which `terraform` is benchmarks/timed.py in front of the real one."""
    real = shutil.which("terraform")
    assert real, "terraform is not on PATH"
    script, clock = folder / "bin" / "terraform", Path(__file__).with_name("timed.py")
    script.parent.mkdir(exist_ok=True)
    command = shlex.join([sys.executable, str(clock), str(folder / "terraform.log"), real])
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    script.chmod(0o755)
    return script.parent


@contextmanager
def running_cloud() -> Iterator[None]:
    """This tree's localcloud, up for the block: the commands find it as their user's."""
    env = {**os.environ, "LOCALCLOUD_HOME": str(paths.LOCALCLOUD_HOME)}
    assert endpoint.running(paths.LOCALCLOUD_HOME) is None, "./nightshift cloud down first: its lake would be measured"
    localcloud("up", env)
    try:
        yield
    finally:
        localcloud("down", env)


def cloud_seconds(folder: Path) -> tuple[float, float]:
    """How long an idle localcloud takes to come up and to go down."""
    env = {**os.environ, "LOCALCLOUD_HOME": str(folder / "probe")}
    return localcloud("up", env), localcloud("down", env)


def localcloud(verb: str, env: Mapping[str, str]) -> float:
    """One localcloud command; gives its wall seconds."""
    began = time.monotonic()
    command = [sys.executable, "-m", "localcloud", verb, *(("--port", "0") if verb == "up" else ())]
    subprocess.run(command, env=dict(env), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def show(title: str, runs: Sequence[Measured]) -> None:
    """The median of the runs as a Markdown table."""
    wall, cpu = (statistics.median(getattr(run, what) for run in runs) for what in ("wall", "cpu"))
    print(f"\n### {title}: {wall:.1f} s, {cpu:.1f} CPU s (median of {len(runs)})")
    print(f"\nterraform was started {runs[-1].started} times.\n\n| where | seconds | share |\n|---|---:|---:|")
    for part in runs[0].table:
        seconds = statistics.median(run.table[part] for run in runs)
        print(f"| {part} | {seconds:.1f} | {seconds / wall:.0%} |", flush=True)


if __name__ == "__main__":
    main()
