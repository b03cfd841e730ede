"""What each test file costs: wall and CPU seconds of all its processes, and the programs it starts (`make test-costs`)."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

LOOK_SECONDS = 0.1  # a process that lives for less goes uncounted
TICKS = os.sysconf("SC_CLK_TCK")
OTHER = "(collection, and between files)"
PROGRAMS = {  # name: a word of the command line, told apart in this order
    "terraform": "/terraform\0",
    "localcloud": "-m\0localcloud\0serve",
    "airflow": "-m\0airflow\0",
    "postgres": "bin/postgres\0",
    "mariadb": "mariadbd\0",
    "jvm": "/java\0",
}


def pytest_addoption(parser):
    parser.addoption("--costs", metavar="FILE", help="write what each test file costs, as JSON")


def pytest_configure(config):
    worker = getattr(config, "workerinput", None)
    if worker is not None and worker.get("costs"):
        config.pluginmanager.register(Worker(Path(worker["costs"]), worker["workerid"]))
    elif worker is None and (target := config.getoption("--costs")):
        config.pluginmanager.register(Controller(Path(target)))


@dataclass
class Cost:
    wall: float = 0.0
    cpu: float = 0.0
    tests: int = 0
    starts: Counter = field(default_factory=Counter)


class Worker:
    """Leaves word of the file that this process is at."""

    def __init__(self, board: Path, name: str) -> None:
        self.place = board / name
        self.at(OTHER)

    def at(self, where: str) -> None:
        self.place.write_text(f"{os.getpid()} {where}")

    def pytest_runtest_logstart(self, nodeid):
        self.at(nodeid.split("::")[0])


class Controller:
    """Looks at /proc ten times a second and books what it sees to the file that its worker is at."""

    def __init__(self, target: Path) -> None:
        self.target = target.absolute()
        self.board = Path(tempfile.mkdtemp(prefix="nightshift-costs-"))
        self.costs: dict[str, Cost] = {}
        self.seen: dict[tuple[int, int], dict] = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.durations: dict[str, float] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["costs"] = str(self.board)

    def pytest_sessionstart(self, session):
        if not session.config.getoption("numprocesses", None):
            session.config.pluginmanager.register(Worker(self.board, "master"))
        self.thread.start()

    def pytest_runtest_logreport(self, report):
        file = report.nodeid.split("::")[0]
        cost = self.cost(file)
        cost.wall += report.duration
        cost.tests += report.when == "call"
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self):
        self.ended.set()
        self.thread.join(timeout=5)
        files = {name: {"wall": round(c.wall, 1), "cpu": round(c.cpu, 1), "tests": c.tests, "starts": dict(c.starts)} for name, c in sorted(self.costs.items())}
        slow = {k: round(v, 2) for k, v in sorted(self.durations.items(), key=lambda kv: -kv[1]) if v >= 0.3}
        self.target.write_text(json.dumps({"files": files, "tests": slow}, indent=1))

    def cost(self, file: str) -> Cost:
        return self.costs.setdefault(file, Cost())

    def watch(self) -> None:
        while not self.ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        places = {}
        pids = {}
        for place in self.board.iterdir():
            pid, _, where = place.read_text().partition(" ")
            if pid:
                places[place.name] = where
                pids[int(pid)] = place.name
        parents = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and (stat := read(f"/proc/{entry.name}/stat")):
                self.book(int(entry.name), stat, places, pids, parents)

    def book(self, pid, stat, places, pids, parents) -> None:
        fields = stat[stat.rindex(")") + 2 :].split()
        ticks, born, parent = int(fields[11]) + int(fields[12]), int(fields[19]), int(fields[1])
        known = self.seen.get((pid, born))
        if known is None:
            known = self.seen[pid, born] = {"ticks": 0, "looks": 0, "worker": None, "kind": None}
        known["worker"] = pids.get(pid) or known["worker"]
        if known["looks"] < 3:
            known["looks"] += 1
            known["worker"] = known["worker"] or worker_of(pid)
            if known["worker"] is None:
                up = next((v for (p, _), v in reversed(self.seen.items()) if p == parent), None)
                known["worker"] = up and up["worker"]
            if known["worker"] and not known["kind"]:
                line = read(f"/proc/{pid}/cmdline")
                known["kind"] = next((n for n, word in PROGRAMS.items() if word in line), None)
                if known["kind"] and not (known["kind"] == "postgres" and "postgres:" in line):
                    self.cost(places.get(known["worker"], OTHER)).starts[known["kind"]] += 1
        if known["worker"]:
            self.cost(places.get(known["worker"], OTHER)).cpu += (ticks - known["ticks"]) / TICKS
        known["ticks"] = ticks


def worker_of(pid: int) -> str | None:
    environ = read(f"/proc/{pid}/environ")
    _, _, rest = environ.partition("PYTEST_XDIST_WORKER=")
    return rest.partition("\0")[0] or None


def read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
