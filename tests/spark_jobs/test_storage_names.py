"""The jobs' own listing and Spark's readers agree on every name that a file can have."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py4j.protocol import Py4JJavaError

from medallion.storage import Storage, is_hidden
from wordcount.jobs import lines

ODD = ["_metadata.txt", "_metadata", "_common_metadata.csv", "_metadata=1", "_x=1", "_x", ".x", ".x=1", "a._COPYING_"]
ODD += [
    "a b",
    "é",
    "e\u0301",
    "'",
    '"',
    "..a",
    "a..",
    "%",
    "%41",
    "%2F..",
    "+",
    "#",
    "{a,b}",
    "*",
    "?",
    "[a]",
    "\\",
    "🚀",
]
ODD += [
    "$(x)",
    "a:b",
    ":",
    "2025-12-29T00:00:00.txt",
    "\n",
    "\r\n",
    "\t",
    "\x01",
    "\x7f",
    "~",
    "a;b",
    "&",
    "x_$folder$",
]
ODD += [
    "x" * 200,
    "é" * 100,
    " ",
    " a ",
    "-",
    "--",
    "...",
    "a=b",
    "day=2025-12-29",
    "\u202e",
    "\u00a0",
    "\ufeff",
    "null",
]
NAMES = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40),
).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def written(root: Path, paths: list[str]) -> dict[str, str]:
    """Write a word of its own into each path that can be a file beside the others; path by word."""
    words: dict[str, str] = {}
    for n, path in enumerate(dict.fromkeys(paths)):
        target = root / path
        if target.exists() or any(p.is_file() for p in target.parents if p != root.parent):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"palavra{n}")
        words[f"palavra{n}"] = path
    return words


@settings(max_examples=max(1, settings.default.max_examples // 100 - 1))
@given(paths=st.lists(PATHS, min_size=40, max_size=80))
@example(
    paths=[*ODD, *(f"pasta/{name}" for name in ODD), *(f"{name}-p/a.txt" for name in ODD), *(f"_{n}/a" for n in ODD)]
)
@example(paths=["_metadata/a.txt", "_metadata/_metadata.txt", "_metadata_x/.a", "_common_metadata/b"])
def test_every_file_is_either_read_or_told_as_hidden(spark: Any, paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = written(Path(folder), paths)
        listed = {file.uri: file for file in Storage(spark).files(folder)}
        read = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(folder)
        whole = {row.path: bytes(row.content).decode() for row in read.select("path", "content").collect()}
        by_line = lines.read_raw(spark, [folder], "utf-8").select("source_file", "text").collect()
    assert set(whole) == {uri for uri, file in listed.items() if not file.hidden}
    assert {row.source_file: row.text for row in by_line} == whole
    assert {uri.removeprefix(f"file:{folder}/") for uri in listed} == set(words.values())


def test_names_are_those_directly_below_a_folder_whatever_they_are(spark: Any, tmp_path: Path) -> None:
    storage, folder = Storage(spark), tmp_path / "a {b}[c]*"
    written(folder, [*ODD, "pasta/a.txt"])
    assert storage.names(str(folder)) == sorted({*ODD, "pasta"})
    assert {uri.rsplit("/", 1)[-1] for uri in storage.listed([str(folder)])} == {n for n in ODD if not is_hidden(n)} | {
        "pasta"
    }


def test_a_folder_that_is_absent_or_empty_has_no_names(spark: Any, tmp_path: Path) -> None:
    storage = Storage(spark)
    assert storage.names(str(tmp_path)) == storage.names(str(tmp_path / "gone")) == storage.listed([]) == []
    with pytest.raises(Py4JJavaError, match="FileNotFoundException"):
        storage.listed([str(tmp_path), str(tmp_path / "gone")])
