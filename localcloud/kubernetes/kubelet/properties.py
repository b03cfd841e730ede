"""Java's properties files, as Spark writes the one of a driver. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLANK = " \t\f"  # what Java takes for white space
_LINE = re.compile(rf"((?:\\.|[^\\=:{_BLANK}])*)[{_BLANK}]*[=:]?[{_BLANK}]*(.*)", re.DOTALL)
_BREAK = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_MEANS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read(text: str) -> dict[str, str]:
    """The properties in a file's text."""
    joined = re.sub(rf"(?<!\\)((?:\\\\)*)\\\r?\n[{_BLANK}]*", r"\1", text)
    found: dict[str, str] = {}
    for line in (line.lstrip(_BLANK) for line in _BREAK.split(joined)):
        if line and line[0] not in "#!" and (parts := _LINE.fullmatch(line)):
            found[_unescaped(parts[1])] = _unescaped(parts[2])
    return found


def written(properties: Mapping[str, str]) -> str:
    """The text of a file with these properties."""
    return "".join(f"{_escaped(name, ' =:')}={_escaped(value, '')}\n" for name, value in properties.items())


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _meaning(found[1]), text)


def _meaning(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) == 5 else _MEANS.get(escape, escape)


def _escaped(text: str, special: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    text = text.replace("\f", "\\f")
    return re.sub(rf"([#!{re.escape(special)}])", r"\\\1", text) if special else re.sub(r"^ ", r"\\ ", text)
