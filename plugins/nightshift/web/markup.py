"""HTML from Python: every text and attribute is escaped, unless it is markup that was made here. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape

from nightshift.failures.quoted import by_day
from nightshift.failures.shown import plain

LONG = 40  # characters
CODE = re.compile(r"`([^`]+)`")


class Markup(str):
    """HTML that is safe to show as it is."""

    __slots__ = ()


Part = Markup | str | int | float | None | Iterable["Part"]


def tag(name: str, *parts: Part, **attributes: str | int | None) -> Markup:
    """An element. `class_` is the attribute class, `_` in the others is `-`; an attribute that is None is left out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    shown = "".join(f' {key}="{escape(plain(str(value)), quote=True)}"' for key, value in given.items())
    return Markup(f"<{name}{shown}>{joined(*parts)}</{name}>")


def joined(*parts: Part) -> Markup:
    """The parts one after the other."""
    return Markup("".join(map(_text, parts)))


def table(header: Sequence[Part], rows: Iterable[Sequence[Part]], *, empty: str = "Nothing yet.") -> Markup:
    """A table with a row of headings; without rows the sentence `empty`."""
    body = [tag("tr", *map(_cell, row)) for row in rows]
    if not body:
        return tag("p", empty, class_="ns-empty")
    head = tag("tr", *(tag("th", name, scope="col") for name in header))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="ns-scroll", tabindex=0)


def link(href: str, *parts: Part, **attributes: str | int | None) -> Markup:
    """A link; `href` is relative to Airflow's base address, or https."""
    return tag("a", *parts, href=href, **attributes)


def sentence(text: str) -> list[Part]:
    """A sentence of which what stands in backticks, such as a command, is set as code."""
    return [tag("code", part) if n % 2 else part for n, part in enumerate(CODE.split(text))]


def failure_message(message: str, t: Callable[[str], str]) -> list[Part]:
    """A failure's message: our sentence in the reader's words, then those that it quotes; so for each day of a backfill
    that failed."""
    return [part for day, parts in by_day(message) for part in _of_day(day, *parts, t)]


def _of_day(day: str, ours: str, said: str, t: Callable[[str], str]) -> list[Part]:
    return [f"; {day}: " if day else "", *sentence(t(ours)), *([" ", tag("q", said, lang="en")] if said else [])]


def _cell(part: Part) -> Markup:
    """A cell, unless the part is one; a long text may be broken into lines."""
    if isinstance(part, Markup) and part.startswith("<td"):
        return part
    is_long = isinstance(part, str) and not isinstance(part, Markup) and len(part) > LONG
    return tag("td", part, class_="ns-text" if is_long else None)


def _text(part: Part) -> str:
    if part is None:
        return ""
    if isinstance(part, Markup):
        return part
    if isinstance(part, str | int | float):
        return escape(plain(str(part)), quote=True)
    return joined(*part)
