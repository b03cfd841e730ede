"""Failures, advice, warnings and pages in Portuguese, by the catalogue of sentences in portuguese.toml.

A sentence has {places}; what stands in one is translated too where the catalogue knows it. A log line or the name of a
file stays as it is, and a text that the catalogue lacks stays English. A place of the Portuguese sentence may have a
mark of MARKS, as in {usd:number}: what stands there is written as Portuguese has it, if it is what the mark says; or
two words, as in {n:dia|dias}, of which it chooses one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

AND = "; "  # between sentences of one message; only a sentence's last place may hold several
STOP = "."
# A cell of a table in Markdown; a word in bold that begins one, and what follows it, are said by themselves.
CELL = re.compile(r"(?<=\| )(?:\*\*\w+\.\*\*(?= )|[^|\n]+(?= \|))|(?<=\.\*\* )[^|\n]+(?= \|)")
HEADING = re.compile(r"#+ ")
NUMBER = re.compile(r"(-?)(\$?)(\d+(?:,\d{3})*(?:\.\d+)?)(%?)")
SWAPPED = str.maketrans(",.", ".,")
DAY = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
CATALOGUE = Path(__file__).with_name("portuguese.toml")


class _Value(str):
    """What stands in a place of a sentence; it is written in Portuguese as the place says."""

    __slots__ = ()

    def __format__(self, mark: str) -> str:
        if ONE_OR_MANY in mark:
            one, many = mark.split(ONE_OR_MANY)
            return one if self == "1" else many
        return MARKS.get(mark, translated)(str(self))


def number(english: str) -> str:
    """1,360.25 as 1.360,25, $10.00 as US$ 10,00, 12.5% as 12,5%."""
    parts = NUMBER.fullmatch(english)
    if parts is None:
        return translated(english)
    sign, dollar, digits, share = parts.groups()
    return f"{sign}{'US$ ' if dollar else ''}{digits.translate(SWAPPED)}{share}"


def day(english: str) -> str:
    """2026-01-31 as 31/01/2026, 2026-01 as 01/2026."""
    parts = DAY.fullmatch(english)
    return "/".join(filter(None, reversed(parts.groups()))) if parts else translated(english)


def figures(english: str) -> str:
    """The numbers beside names, as in "glue $0.12, emr $1.30"."""
    said = translated(english)
    return said if said != english else ", ".join(" ".join(map(number, part.split(" "))) for part in said.split(", "))


def reasons(english: str) -> str:
    """Counted reasons of the quarantine: "50 undecodable, 9 bad_date" as "não decodificável: 50, data inválida: 9"."""
    return ", ".join(map(_counted, english.split(", ")))


def _counted(english: str) -> str:
    count, _, reason = english.partition(" ")
    return f"{translated(reason)}: {number(count)}" if NUMBER.fullmatch(count) else translated(english)


def state(english: str) -> str:
    """What a service calls the state of a job or a place, as what happened to it."""
    said = translated(english)
    return said if said != english else f"está {english}"


COUNTED_ONE = re.compile(r"(?<![\w.,])1 (more |other )?(row|day|unit)\b")
ONE_OR_MANY = "|"  # a mark such as linha|linhas: the first for 1
MARKS: Mapping[str, Callable[[str], str]] = {
    "number": number,
    "day": day,
    "figures": figures,
    "reasons": reasons,
    "state": state,
}


class _Sentence(NamedTuple):
    """An English sentence as what stands between its places, their names, and its Portuguese."""

    between: tuple[str, ...]
    places: tuple[str, ...]
    portuguese: str


@lru_cache(maxsize=1024)
def translated(english: str) -> str:
    """A text in Portuguese; what the catalogue does not know stays English. A sentence that ends in words, in the
    catalogue without a full stop, may have one. The catalogue has counted nouns in the plural."""
    several = COUNTED_ONE.sub(r"\g<0>s", english)
    if several != english and (said := _translated(several)) != several:
        return said
    return _translated(english)


def _translated(english: str) -> str:
    for sentence in _catalogue():
        text = english if sentence.between[-1][-1:] in {STOP, ""} else english.removesuffix(STOP)
        values = _values(sentence, text)
        if values is not None and not any(AND in value for value in [*values.values()][:-1]):
            said = sentence.portuguese.format(**{name: _Value(value) for name, value in values.items()})
            return said + english[len(text) :]
    return AND.join(map(translated, english.split(AND))) if AND in english else english


def spoken(english: str, language: str) -> str:
    """The text in a language of config.LANGUAGES."""
    return english if language == "en" else translated(english)


def lines_spoken(english: str, language: str) -> str:
    """A text of several lines, each spoken by itself; a line keeps its indent."""
    if language == "en":
        return english
    parts = [(line[: len(line) - len(line.lstrip())], line.lstrip()) for line in english.split("\n")]
    return "\n".join(indent + translated(line) for indent, line in parts)


def page_spoken(markdown: str, says: Callable[[str], str]) -> str:
    """A page in Markdown of which `says` puts each heading, paragraph, header of a table and cell into a language."""
    blocks = re.split(r"\n{2,}", markdown.strip("\n"))
    return "\n\n".join(_table(block, says) if block.startswith("|") else _text(block, says) for block in blocks) + "\n"


def _text(block: str, says: Callable[[str], str]) -> str:
    mark = match[0] if (match := HEADING.match(block)) else ""
    whole = block.removeprefix(mark).replace("\n", " ")
    said = says(whole)
    return block if said == whole else mark + said


def _table(block: str, says: Callable[[str], str]) -> str:
    header, *rows = block.split("\n")
    return "\n".join((says(header), *(CELL.sub(lambda cell: says(cell[0]), row) for row in rows)))


def _values(sentence: _Sentence, text: str) -> dict[str, str] | None:
    """What stands in the sentence's places; None if the text is another. One pass: a text from data cannot slow it."""
    first, *inner = sentence.between
    if not text.startswith(first):
        return None
    at, values = len(first), list[str]()
    for n, part in enumerate(inner, 1):
        is_last = n == len(inner)
        end = len(text) - len(part) if is_last else text.find(part, at + 1)
        if end <= at or (is_last and not text.endswith(part)):
            return None
        values.append(text[at:end])
        at = end + len(part)
    return dict(zip(sentence.places, values, strict=True)) if at == len(text) else None


@cache
def _catalogue() -> tuple[_Sentence, ...]:
    """All sentences: those that begin with words of their own first, for what another's first place would hold may be
    such words; of these the ones with the most words."""
    written = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["sentence"]
    parsed = (_parsed(each["en"], each["pt"]) for each in written)
    return tuple(sorted(parsed, key=lambda sentence: (not sentence.between[0], -sum(map(len, sentence.between)))))


def _parsed(english: str, portuguese: str) -> _Sentence:
    parts = [(text, place) for text, place, _, _ in Formatter().parse(english)]
    places = tuple(place for _, place in parts if place)
    between = tuple(text for text, _ in parts)
    return _Sentence(between if parts[-1][1] is None else (*between, ""), places, portuguese)
