"""`make coverage`: which lines the tests run, by room, with the processes that steps start.

As a pytest plugin (-p tests.covered) it lets coverage's variable pass into the processes of steps, whose environment is
otherwise a node's own; as a program it prints the table and writes the pages. Not counted: a step's supervisor, which
runs isolated (python -I -S), and what is no Python.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[1]
PAGES = ROOT / ".nightshift" / "coverage" / "html"
VARIABLE = "COVERAGE_PROCESS_CONFIG"  # `patch = subprocess` sets it, and a .pth of coverage's reads it in each Python
JOBS = ("pipelines", "include/spark_jobs", "include/flink_jobs", "include/ingest")
ROOMS = ("plugins/nightshift", *JOBS, "dags", "localcloud")
TOOLS = ("embedded", "datagen", "deploy", "tools")


def pytest_configure():
    from localcloud.steps import environment  # noqa: PLC0415 - the program below needs none of it

    nodes_own = environment.machine

    def counted(*args, **kwargs):
        return {**nodes_own(*args, **kwargs), VARIABLE: os.environ[VARIABLE]}

    environment.machine = counted


def main():
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    coverage.load()
    data = coverage.get_data()
    files = [path for room in (*ROOMS, *TOOLS) for path in sorted((ROOT / room).rglob("*.py"))]
    data.touch_files([str(path) for path in files])  # one that no test reads has its row too
    table(coverage, files)
    coverage.html_report(directory=str(PAGES), morfs=[str(path) for path in files])
    print(f"Line by line: {(PAGES / 'index.html').relative_to(ROOT)}")


def table(coverage, files):
    """How many statements each room has and how many ran; the rooms' rooms below them."""
    lines = defaultdict(lambda: [0, 0])
    for path in files:
        _, statements, _, missing, _ = coverage.analysis2(str(path))
        place = path.relative_to(ROOT)
        room = next(room for room in (*ROOMS, *TOOLS) if place.is_relative_to(room))
        inner = place.relative_to(room).parts
        for name in {room, f"{room}/{inner[0]}" if len(inner) > 1 else room}:
            lines[name][0] += len(statements)
            lines[name][1] += len(statements) - len(missing)
    print(f"{'':32} {'statements':>10} {'run':>7}")
    for name in sorted(lines):
        total, ran = lines[name]
        shown = name if name in (*ROOMS, *TOOLS) else "  " + name.rpartition("/")[2]
        print(f"{shown:32} {total:10} {100 * ran / total if total else 100:6.1f}%")


if __name__ == "__main__":
    sys.exit(main())
