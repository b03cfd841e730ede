"""The order of files, what is quick, and that each tier keeps its word."""

import json
from types import SimpleNamespace

import pytest

from tests import order


class Item(SimpleNamespace):
    def __init__(self, nodeid, *fixtures):
        super().__init__(nodeid=nodeid, fixturenames=fixtures)


@pytest.fixture
def collected(monkeypatch, tmp_path):
    """Collects two files with these options; gives the names that are left, in order, and those left out."""
    known = tmp_path / "costs.json"
    files = {"tests/a.py": {"wall": 5}, "tests/b.py": {"wall": 50}}
    known.write_text(json.dumps({"files": files, "tests": {"tests/b.py::slow": 9.0}}))
    monkeypatch.setattr(order, "KEPT", known)

    def collect(**options):
        names = ["tests/a.py::one", "tests/a.py::two", "tests/b.py::slow", "tests/b.py::fast", "tests/new.py::unknown"]
        items, left_out = [Item(names[0], "spark"), *map(Item, names[1:])], []
        hook = SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items))  # noqa: PLW0108 (called by keyword)
        config = SimpleNamespace(getoption=lambda name: options.get(name.strip("-")), hook=hook)
        order.pytest_collection_modifyitems(config, items)
        return [item.nodeid[6:] for item in items], [item.nodeid[6:] for item in left_out]

    return collect


def test_the_longest_file_begins_and_an_unknown_one_is_taken_for_long(collected):
    assert collected() == (["new.py::unknown", "b.py::slow", "b.py::fast", "a.py::one", "a.py::two"], [])


def test_quick_leaves_out_what_starts_a_program_and_what_took_long(collected):
    assert collected(quick=True) == (["new.py::unknown", "b.py::fast", "a.py::two"], ["a.py::one", "b.py::slow"])


def test_a_shuffle_moves_whole_files_and_a_seed_is_always_the_same_order(collected):
    orders = {seed: tuple(collected(shuffle=seed)[0]) for seed in "123456"}
    assert len(set(orders.values())) > 1
    for seed, names in orders.items():
        assert names == tuple(collected(shuffle=seed)[0])
        assert abs(names.index("a.py::one") - names.index("a.py::two")) == 1


def test_files_of_a_unit_of_work_take_as_long_as_all_of_them():
    costs = {"tests/reaper/test_reaping.py": {"wall": 3}, "tests/iam/test_nights.py": {"wall": 9}}
    files = [*costs, "tests/reaper/test_reaping.py", "tests/reaper/test_new.py"]
    assert order.wall_of(files, costs) == {"reaper": 3 + order.UNKNOWN_SECONDS, "whole nights": 9}


def test_xdist_hands_out_units_of_work_as_whole():
    units = order.ByUnits(SimpleNamespace(getvalue=lambda _: ["popen"]), None)
    names = ("terraform/test_people", "terraform/test_transient", "terraform/test_offline", "spark_jobs/test_replay")
    scopes = [units._split_scope(f"tests/{name}.py::test_a") for name in names]
    assert scopes == [*["stacks on a foundation"] * 2, "tests/terraform/test_offline.py", "Spark"]
