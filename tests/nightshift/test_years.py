"""What reads the lake asks S3 for as much after years of runs as after days."""

import pytest

from benchmarks import years

FEW, MANY = 20, 80  # of four products, a run each day


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with years.cloud():
        return {runs: years.measured(runs, tmp_path_factory.mktemp("runs")) for runs in (FEW, MANY)}


def test_a_longer_history_costs_no_more_calls_and_lists_no_more_keys(found):
    few, many = ({name: (spent.calls, spent.keys) for name, spent in found[runs].items()} for runs in (FEW, MANY))
    assert many == few
    assert sum(calls for calls, _ in few.values()) > 100, "they were counted"


def test_the_table_has_a_line_for_each_reader(found):
    head, rule, *lines = years.table(found).splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == list(found[FEW])
    assert {line.count("|") for line in (head, rule, *lines)} == {8}
