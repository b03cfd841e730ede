"""The matrix is written once, by the process that started the workers: each of them would take the tree for changed."""

from types import SimpleNamespace

import pytest

from tests.chaos import conftest, results


@pytest.mark.parametrize(("where", "written"), [({}, 1), ({"workerinput": {}}, 0)])
def test_the_report_is_written_where_the_run_was_started_and_by_no_worker(monkeypatch, where, written):
    reports, lines = [], []
    monkeypatch.setattr(results, "write_report", lambda also: reports.append(also) or results.REPORT)
    options = {"--chaos": "full", "--chaos-also": []}
    option = SimpleNamespace(collectonly=False)
    config = SimpleNamespace(option=option, args=["tests/chaos"], getoption=lambda name, _=None: options[name], **where)
    reporter = SimpleNamespace(section=lines.append, write_line=lines.append)
    conftest.pytest_terminal_summary(reporter, config)
    assert (len(reports), bool(lines)) == (written, bool(written))


def test_the_report_has_every_cell_of_commands_and_says_which_commit_played_it(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    names = results.command_cells()
    results.keep_command(names[0], green=False, seconds=12.34)
    results.keep_command(names[-1], green=True, seconds=1)
    _, _, said, _, _, _, *rows = results.commands()
    assert f"{len(names)} cells, 2 played, 1 green" in said and len(rows) == len(names) > 20
    assert "| **RED** | 12.3 |" in rows[0] and "| green | 1 |" in rows[-1]
    assert results.commit() in rows[0] and rows[1].endswith("| - | - | - | - |")
