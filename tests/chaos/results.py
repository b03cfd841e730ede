"""What cells came to: a line of JSON each below .nightshift/chaos/, and the tables that are made of them."""

import importlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.chaos.cells import (
    OWN_COLUMNS,
    Cell,
    Column,
    fault_cells,
    faults_elsewhere,
    struck_elsewhere,
    target_cells,
    task_cells,
)
from tests.chaos.play import OWED, Result
from tools import paths

FOLDER = paths.STATE / "chaos"
REPORT = paths.ROOT / "docs" / "chaos.md"
Line = dict[str, Any]


@cache
def commit() -> str:
    """The commit that is played, with "-dirty" when the tree differs from it; asked once, for it may move on."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def keep(cell: Cell, result: Result, seconds: float) -> None:
    """Add the line of a cell."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    _add({"cell": cell.id, "at": at, "seconds": seconds, "green": not result.broken, **asdict(result)})


def keep_command(name: str, *, green: bool, seconds: float) -> None:
    """Add the line of a cell of test_commands.py, by its test's name."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    _add({"cell": name, "at": at, "seconds": round(seconds, 1), "green": green, "again": ""})


def pay(cells: Iterable[Cell], payer: Cell) -> None:
    """Say of these cells which night was the re-run of their date."""
    known = kept()
    for cell in cells:
        _add({**known[cell.id], "again": payer.id})


def _add(line: Line) -> None:
    """One write, so two workers do not mix theirs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _file().open("a") as file:
        file.write(json.dumps(line) + "\n")


def kept(also: Sequence[str] = ()) -> dict[str, Line]:
    """The last line of each cell at this commit, or else at the latest of `also`, commits before it; each with its
    commit."""
    found: dict[str, Line] = {}
    for played in (*also, commit()):
        file = FOLDER / f"{played}.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
        found |= {line["cell"]: {**line, "commit": played} for line in lines}
    return found


def green(also: Sequence[str] = ()) -> set[str]:
    """The cells that are green, re-run and all, at this commit or else at the latest of `also`."""
    return {cell for cell, line in kept(also).items() if line["green"] and line["again"] != OWED}


def table(lines: Iterable[Line]) -> str:
    """The lines of some cells as text, for the end of a run; pytest itself shows those of commands."""
    lines = [line for line in lines if "told" in line]
    return "\n".join(
        f"{'green' if line['green'] else 'RED  '} {line['seconds']:6.1f} s  {line['cell']}: Airflow {line['airflow']},"
        f" told {line['told']}, truth {line['truth']}, alive {line['alive']}, gold {line['gold']}"
        + "".join(f"\n        {broken}" for broken in line["broken"])
        for line in lines
    )


def report(also: Sequence[str] = ()) -> str:
    """docs/chaos.md of this commit, with what was played at `also`."""
    lines, cells = kept(also), [*task_cells(), *fault_cells(), *target_cells()]
    known = [lines[cell.id] for cell in cells if cell.id in lines]
    red = [line for line in known if not line["green"]]
    earlier = Counter(line["commit"] for line in known if line["commit"] != commit())
    hours = sum(line["seconds"] for line in known) / 3600
    return "\n".join(
        [
            "# The chaos matrix",
            "",
            "Written by `make chaos`; not edited by hand. How it is played: tests/chaos/play.py.",
            "",
            f"Commit {commit()}, {datetime.now(UTC):%Y-%m-%d}: {len(cells)} cells, {len(known)} played, "
            f"{len(known) - len(red)} green, {len(red)} red, {hours:.1f} hours of nights.",
            *(f"{number} of them at {played}." for played, number in sorted(earlier.items())),
            "",
            HOW_TO_READ,
            "",
            *_matrix(lines, task_cells(), tuple(Column)),
            "",
            *_faults(lines, fault_cells()),
            "",
            ON_OTHER_TARGETS,
            "",
            *_matrix(lines, struck_elsewhere(), OWN_COLUMNS),
            "",
            *_faults(lines, faults_elsewhere()),
            "",
            *commands(also),
            "",
            *_red(red),
            "## Every cell",
            "",
            *_all(known),
            "",
        ]
    )


HOW_TO_READ = """\
A row is a task at a moment: *after* its act, before Airflow knows; in the middle of *terraform*; *deferred* in the
triggerer; *between* two tables of a publish. A cell says what was told of the night, `f` failed or `s` success, and
`*` when the reaper told it; **RED** when a promise was broken; `-` when it was not played. After each night, and one
pass of the reaper if it left anything to do: nothing is alive, one closing entry is the ledger's last word, what was
told is what EMR's steps, gold and the account say, gold is this night's or the one before, whole. Then the same date
once more (*again*): the failed task of that run cleared, or the next night on that rig that ended well, which runs the
same date with other input and must have its own rows and no others."""


ON_OTHER_TARGETS = """\
## On the other targets

The tasks at which another target than EMR is asked for something of its own, and the faults of its service. The rest of
a night is the same on every target. A service forgets a job with its place, so the truth is gold and what is alive."""


def _matrix(lines: dict[str, Line], cells: Sequence[Cell], columns: Sequence[Column]) -> list[str]:
    rows = list(dict.fromkeys(cell.row for cell in cells))
    return [
        "| task (moment) | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
        *(
            f"| {row} | " + " | ".join(_word(lines.get(f"{row} x {column}")) for column in columns) + " |"
            for row in rows
        ),
    ]


def _faults(lines: dict[str, Line], cells: Sequence[Cell]) -> list[str]:
    return [
        "| fault | told |",
        "|---|---|",
        *(f"| {cell.row}, {cell.column} | {_word(lines.get(cell.id))} |" for cell in cells),
    ]


def _word(line: Line | None) -> str:
    if line is None:
        return "-"
    if not line["green"]:
        return "**RED**"
    return line["told"][0] + ("*" if line["told"].endswith("reaper") else "")


def command_cells() -> list[str]:
    """The names of all tests of test_commands.py."""
    tests = importlib.import_module("tests.chaos.test_commands")
    found = []
    for name, test in vars(tests).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
            found += [f"{name}[{value}]" for mark in marks for value in mark.args[1]] or [name]
    return found


def commands(also: Sequence[str] = ()) -> list[str]:
    """What befell ./nightshift commands, and how that ended at this commit or else at the latest of `also`."""
    lines, names = kept(also), command_cells()
    played = [name for name in names if name in lines]
    green = sum(lines[name]["green"] for name in played)
    heads = ("what befalls a command, and what must hold then", "at", "came out", "seconds", "played", "commit")
    rows = []
    for name in names:
        sentence, _, moment = name.removeprefix("test_").removesuffix("]").partition("[")
        line = lines.get(name)
        came = [_came(line), line["seconds"], line["at"], line["commit"]] if line else ["-"] * 4
        rows.append("| " + " | ".join(map(str, (sentence.replace("_", " "), moment or "-", *came))) + " |")
    return [
        "## Commands",
        "",
        f"tests/chaos/test_commands.py: {len(names)} cells, {len(played)} played, {green} green.",
        "",
        "| " + " | ".join(heads) + " |",
        "|---" * len(heads) + "|",
        *rows,
    ]


def _came(line: Line) -> str:
    return "green" if line["green"] else "**RED**"


def _red(red: Sequence[Line]) -> list[str]:
    told = [f"* {line['cell']}: {'; '.join(line['broken'])}" for line in red]
    return ["## Broken promises", "", *told, ""] if told else []


def _all(known: Sequence[Line]) -> list[str]:
    heads = ("cell", "airflow", "told", "truth", "alive", "gold", "again", "seconds", "commit")
    rows = ["| " + " | ".join(str(line[head]) for head in heads) + " |" for line in known]
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *rows]


def write_report(also: Sequence[str] = ()) -> Path:
    REPORT.write_text(report(also))
    return REPORT


def _file() -> Path:
    return FOLDER / f"{commit()}.jsonl"
