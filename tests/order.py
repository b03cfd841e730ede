"""In which order test files are played, and which tests are quick.

The longest file begins first, by what the last recorded run took (tests/costs.json), so that both workers are busy to
the end. `--shuffle=7` plays the files in another order, which must not matter. `--quick` leaves out what starts a
program of its own or took over a second.
"""

from __future__ import annotations

import json
import random

import pytest

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
        items.sort(key=lambda item: -costs["files"].get(file_of(item), {"wall": UNKNOWN_SECONDS})["wall"])


def keep(config, items, wanted):
    """Deselect, and report, what is not wanted."""
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def is_quick(item, took):
    return took.get(item.nodeid, 0) < QUICK_SECONDS and HEAVY.isdisjoint(getattr(item, "fixturenames", ()))


def file_of(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]
