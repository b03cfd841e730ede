"""In which order test files are played, and which tests are quick.

The longest file begins first, by what the last recorded run took (tests/costs.json), so that both workers are busy to
the end. Files that stand on the same go to one worker. `--shuffle=7` plays the files in another order, which must not
matter. `--quick` leaves out what starts a program of its own or took over a second.
"""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.costs import KEPT

UNKNOWN_SECONDS = 60  # a file that no recorded run knows begins early
QUICK_SECONDS = 1.0
# What starts Spark, terraform, Airflow, a database, Flink or a localcloud of its own, or migrates a database.
HEAVY = {
    *(
        "spark",
        "new_lake",
        "servers",
        "postgresql",
        "mariadb",
        "flink_home",
        "play",
        "stack",
        "cloud_process",
        "migrated",
    ),
    *("rig", "ground", "place", "played", "nightshift", "dev"),
}

# What begins so is played by one worker, which pays once for what all of it stands on: a cloud and its foundation, a
# Spark that is warm.
UNITS = {
    "tests/reaper/": "reaper",
    **dict.fromkeys(("tests/e2e/", "tests/iam/"), "whole nights"),
    **{
        f"tests/terraform/test_{name}.py": "stacks on a foundation"
        for name in ("analytics", "foundation", "optional", "people", "transient", "whole_foundation")
    },
    "tests/spark_jobs/test_mrhealth_": "Spark, mrhealth",
    "tests/spark_jobs/": "Spark",
}


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="only tests of one room that take no time (make test-quick)")
    parser.addoption("--shuffle", metavar="SEED", help="play the files in an order drawn by this seed")


def pytest_collection_modifyitems(config, items):
    costs = json.loads(KEPT.read_text())
    if config.getoption("--quick"):
        keep(config, items, lambda item: is_quick(item, costs["tests"]))
    if seed := config.getoption("--shuffle"):
        items.sort(key=lambda item: random.Random(f"{seed} {file_of(item)}").random())
    else:
        seconds = wall_of(map(file_of, items), costs["files"])
        items.sort(key=lambda item: -seconds[unit_of(file_of(item))])


def keep(config, items, wanted):
    """Deselect, and report, what is not wanted."""
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def is_quick(item, took):
    return took.get(item.nodeid, 0) < QUICK_SECONDS and HEAVY.isdisjoint(getattr(item, "fixturenames", ()))


def wall_of(files, costs):
    """The wall seconds of each unit of work."""
    seconds = Counter()
    for file in dict.fromkeys(files):
        seconds[unit_of(file)] += costs.get(file, {"wall": UNKNOWN_SECONDS})["wall"]
    return seconds


def unit_of(file):
    """What one worker takes as a whole: the file, or all that stands on the same."""
    return next((unit for start, unit in UNITS.items() if file.startswith(start)), file)


class ByUnits(LoadScopeScheduling):
    """xdist's --dist loadfile, but that the files of a unit stay together."""

    def _split_scope(self, nodeid):
        return unit_of(nodeid.split("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByUnits(config, log) if config.getvalue("dist") == "loadfile" else None


def file_of(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]
