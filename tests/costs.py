"""What each test file costs: wall and CPU seconds of all its processes, and which programs it starts.

    make test-costs        plays every test, writes tests/costs.json and the table in docs/testing.md

The file decides which test file begins first (tests/order.py).
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

KEPT = Path(__file__).with_name("costs.json")
PAGE = Path(__file__).parents[1] / "docs" / "testing.md"
LOOK_SECONDS = 0.1  # what lives for less goes uncounted
MARK = "PYTEST_COSTS_OF"
LOOKS = 3  # a process is named by its first looks: it may be seen between fork and exec
TICKS = os.sysconf("SC_CLK_TCK")
SHORT = 0.3  # seconds; a test that takes less is not listed
ELSEWHERE = "(collection)"
PROGRAMS = {  # a word of the command line
    "terraform": "/terraform\0",
    "localcloud": "-m\0localcloud\0up\0--foreground",
    "airflow": "-m\0airflow\0",
    "postgres": "bin/postgres\0",
    "mariadb": "mariadbd\0",
    "jvm": "/java\0",
}


def pytest_addoption(parser):
    parser.addoption("--costs", metavar="FILE", help="write what each test file costs, as JSON (see tests/costs.py)")


def pytest_configure(config):
    worker = getattr(config, "workerinput", None)
    if worker is not None and "costs" in worker:
        config.pluginmanager.register(Whereabouts(Path(worker["costs"]) / worker["workerid"]))
    elif worker is None and (target := config.getoption("--costs")):
        watch = Watch(Path(target).absolute())
        config.pluginmanager.register(watch)
        if not config.getoption("numprocesses", None):
            config.pluginmanager.register(Whereabouts(watch.board / "main"))


class Whereabouts:
    """Leaves word of the file that this worker is at."""

    def __init__(self, place):
        self._place = place
        os.environ[MARK] = str(place)  # by which the processes that it starts are known
        self._tell(ELSEWHERE)

    def pytest_runtest_logstart(self, nodeid):
        self._tell(nodeid.split("::")[0])

    def _tell(self, file):
        fresh = self._place.with_suffix(".new")
        fresh.write_text(f"{os.getpid()} {file}")
        fresh.replace(self._place)


@dataclass
class Cost:
    """Of one file. wall: seconds of its tests with their fixtures; cpu: of every process; starts: program -> times."""

    wall: float = 0.0
    cpu: float = 0.0
    tests: int = 0
    starts: Counter = field(default_factory=Counter)


@dataclass
class Seen:
    """One process: the worker that it works for, what it is, the ticks that are booked, how often it was named."""

    worker: str | None = None
    program: str | None = None
    ticks: int = 0
    looks: int = 0


NOBODY = Seen()


class Watch:
    """Looks at /proc ten times a second and books what it sees to the file that the process's worker is at."""

    def __init__(self, target):
        self.board = Path(tempfile.mkdtemp(prefix="nightshift-costs-"))
        self._target, self._costs, self._tests, self._seen, self._alive = target, {}, Counter(), {}, {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["costs"] = str(self.board)

    def pytest_sessionstart(self):
        self._thread.start()

    def pytest_runtest_logreport(self, report):
        cost = self._cost(report.nodeid.split("::")[0])
        cost.wall += report.duration
        cost.tests += report.when == "call"
        self._tests[report.nodeid] += report.duration

    def pytest_sessionfinish(self):
        self._ended.set()
        self._thread.join()
        files = {
            name: {"wall": round(c.wall, 1), "cpu": round(c.cpu, 1), "tests": c.tests, "starts": dict(c.starts)}
            for name, c in sorted(self._costs.items())
        }
        tests = {name: round(took, 1) for name, took in sorted(self._tests.items()) if took >= SHORT}
        self._target.write_text(json.dumps({"files": files, "tests": tests}, indent=1, sort_keys=True) + "\n")

    def _look_on(self):
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def _look(self):
        board = {str(path): path.read_text().split(" ", 1) for path in self.board.iterdir() if not path.suffix}
        files = {worker: file for worker, (_, file) in board.items()}
        workers = {int(pid): worker for worker, (pid, _) in board.items()}
        alive = {}
        for pid in (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()):
            if stat := read(f"/proc/{pid}/stat"):
                alive[pid] = self._book(pid, stat[stat.rindex(")") + 2 :].split(), workers, files)
        self._alive = alive

    def _book(self, pid, stat, workers, files):
        parent, ticks, born = int(stat[1]), int(stat[11]) + int(stat[12]), int(stat[19])
        seen = self._seen.setdefault((pid, born), Seen())
        seen.worker = workers.get(pid) or seen.worker
        if seen.looks < LOOKS:
            seen.looks += 1
            seen.worker = seen.worker or worker_of(pid) or self._alive.get(parent, NOBODY).worker
            self._name(seen, pid, files)
        if seen.worker in files:
            file = ELSEWHERE if pid in workers and not seen.ticks else files[seen.worker]  # a worker's own start
            self._cost(file).cpu += (ticks - seen.ticks) / TICKS
        seen.ticks = ticks
        return seen

    def _name(self, seen, pid, files):
        if seen.program or seen.worker not in files:
            return
        line = read(f"/proc/{pid}/cmdline")
        seen.program = next((name for name, word in PROGRAMS.items() if word in line), None)
        if seen.program:
            self._cost(files[seen.worker]).starts[seen.program] += 1

    def _cost(self, file):
        return self._costs.setdefault(file, Cost())


def worker_of(pid):
    """The worker below which a process was started, by the environment that it was given."""
    found = re.search(rf"\b{MARK}=([^\0]+)", read(f"/proc/{pid}/environ"))
    return found and found[1]


def read(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def table(costs):
    """The rooms and the dearest files as Markdown."""
    rooms = {}
    for name, file in costs["files"].items():
        room = rooms.setdefault(name.split("/")[1] if name.count("/") > 1 else name, {"starts": Counter(), "files": 0})
        for key in ("wall", "cpu", "tests"):
            room[key] = room.get(key, 0) + file[key]
        room["starts"] += Counter(file["starts"])
        room["files"] += 1
    whole = {key: sum(room[key] for room in rooms.values()) for key in ("wall", "cpu", "tests", "files")}
    whole["starts"] = sum((room["starts"] for room in rooms.values()), Counter())
    dearest = sorted(costs["files"].items(), key=lambda pair: -pair[1]["wall"])[:25]
    yield from rows("room", sorted(rooms.items(), key=lambda pair: -pair[1]["wall"]))
    yield line("**all**", whole)
    yield ""
    yield from rows("file", ((name.removeprefix("tests/"), file) for name, file in dearest))


def rows(what, pairs):
    yield f"| {what} | tests | wall s | CPU s | starts: {' | '.join(PROGRAMS)} |"
    yield "|---|" + "---:|" * (3 + len(PROGRAMS))
    for name, cost in pairs:
        yield line(name, cost)


def line(name, cost):
    starts = " | ".join(str(cost["starts"].get(program, "")) for program in PROGRAMS)
    return f"| {name} | {cost['tests']} | {cost['wall']:.0f} | {cost['cpu']:.0f} | {starts} |"


def main():
    """Write the table between its marks in docs/testing.md."""
    text = PAGE.read_text()
    begin, end = "<!-- costs -->\n", "<!-- end of costs -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(f"{head}{begin}{chr(10).join(table(json.loads(KEPT.read_text())))}\n{end}{tail}")


if __name__ == "__main__":
    sys.exit(main())
