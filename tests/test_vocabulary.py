"""The code and the docs use the field's words, those of AWS, Airflow, Spark and Terraform, and no dialect."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tools.paths import ROOT

ROOMS = ("dags", "datagen", "deploy", "embedded", "include", "localcloud", "pipelines", "plugins", "tools")
PROSE = ("README.md", "CONTRIBUTING.md", "docs")
CODE, TEXT = {".py"}, {".py", ".sh", ".tf", ".md"}
NOT_YET = (
    "localcloud/",
    "plugins/nightshift/compute/",
    "pipelines/mrhealth_sales/jobs/",
)

# A word of the dialect -> what a data or platform engineer would look for.
ANYWHERE = {
    **dict.fromkeys(("told", "tell", "tells", "telling", "teller", "tellers"), "report, result, message, notify"),
    **dict.fromkeys(("asked", "asking"), "requested, queried, called"),
    **dict.fromkeys(("mend", "mends", "mended", "mending"), "fix"),
    **dict.fromkeys(("stray", "strays"), "orphan"),
    **dict.fromkeys(("stranger", "strangers"), "unrecognised files or columns"),
    **dict.fromkeys(("burial", "carded"), "cleanup, failure report"),
    "belt": "safety timeout",
    "outlook": "recommendations",
    "seam": "interface, protocol",
}
IN_NAMES = {
    **dict.fromkeys(("found", "findings"), "what it is: match, path, RunFacts"),
    "ground": "foundation outputs",
    "survey": "discovery",
    "thing": "resource",
    "things": "resources",
}
ALLOWED = {
    r"\basked_at\b": "key of the markers and closing entries of every version",
    r"\btold_by\b": "key of run records and closing entries of every version",
    r"[\"'`]told[\"'`]|\btold: Sequence|freshness/told\.json": "key of the alerts in manifests, and an S3 key",
    r"\b(some_)?occupation_told\b": "column of the lake",
    r"\.tell\(\)": "Python's name of a file's position",
    r"NotFound|NOT_FOUND": "the name of an error at AWS, in Python and in HTTP",
    r"0001-the-only-seam\S*": "file name of a decision",
}
WRITTEN = {"docs/chaos.md": "written by make chaos, in the words of its cells"}


def texts(rooms: tuple[str, ...], endings: set[str]) -> Iterator[tuple[str, str]]:
    for room in rooms:
        root = ROOT / room
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in endings and path.is_file() and not name.startswith(NOT_YET) and name not in WRITTEN:
                yield name, path.read_text(encoding="utf-8")


def words(line: str) -> list[str]:
    """The words of names and of prose, in lower case: `CheckInputs_told` has three."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", re.sub("|".join(ALLOWED), "", line))]


def dialect(text: str, better: dict[str, str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        yield from ((number, f"{word!r} is {better[word]!r}") for word in words(line) if word in better)


def names(code: str) -> str:
    """The code with its names only, each on its line."""
    lines = [""] * (code.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME:
            lines[token.start[0] - 1] += f" {token.string}"
    return "\n".join(lines)


@pytest.mark.parametrize("rooms", [ROOMS, PROSE], ids=["code", "docs"])
def test_no_text_has_a_word_of_the_dialect(rooms: tuple[str, ...]) -> None:
    odd = [f"{name}:{line}: {why}" for name, text in texts(rooms, TEXT) for line, why in dialect(text, ANYWHERE)]
    assert not odd, "\n".join(odd)


def test_no_name_has_a_word_of_the_dialect() -> None:
    odd = [f"{name}:{line}: {why}" for name, code in texts(ROOMS, CODE) for line, why in dialect(names(code), IN_NAMES)]
    assert not odd, "\n".join(odd)


def test_a_word_is_seen_in_names_and_in_prose() -> None:
    assert list(dialect("x = 1\nMOST_TOLD = Asked()\n# mend it\n", ANYWHERE)) == [
        (2, "'told' is 'report, result, message, notify'"),
        (2, "'asked' is 'requested, queried, called'"),
        (3, "'mend' is 'fix'"),
    ]
    assert list(dialect(names('found = "found"\nx = NOT_FOUND\n'), IN_NAMES)) == [
        (1, f"'found' is {IN_NAMES['found']!r}")
    ]


@pytest.mark.parametrize("room", NOT_YET)
def test_what_is_left_out_exists(room: str) -> None:
    assert (ROOT / room).is_dir(), f"{room} is gone: take it out of NOT_YET"


COUNTED = re.compile(r"(?<!of )(?<!of the )\{len\([^{}]*\)\} (?:more |other |gold )?(?!characters|bytes)[a-z]+s\b")
MORE_THAN_ONE = {"{len(where)} deliveries", "{len(matching)} nights"}  # the line before asks for it


@pytest.mark.parametrize("room", ["embedded", "plugins"])
def test_one_of_a_thing_is_not_called_several(room):
    """`{len(rows)} rows` says 1 rows: nightshift.failures.english.counted."""
    files = sorted((ROOT / room).rglob("*.py"))
    wrong = {hit for file in files for hit in COUNTED.findall(file.read_text(encoding="utf-8"))}
    assert wrong - MORE_THAN_ONE == set()
