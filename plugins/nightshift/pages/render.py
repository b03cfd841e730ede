"""Templates to HTML: escaping, the two languages of every text and number, style and script inline. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from nightshift.failures.portuguese import translated
from nightshift.failures.quoted import by_day
from nightshift.failures.shown import plain
from nightshift.pages import charts, products
from nightshift.pages.formats import Both, both

HERE = Path(__file__).parent
LONG = 12  # characters of a number that gets smaller where its place is narrow
CODE = re.compile(r"`([^`]+)`")
LEVELS = 5  # shades of a heat map
ORIGINAL: Both = ("Mensagem original", "Original message")


def page(template: str, zone: str, view: Mapping[str, Any]) -> str:
    """A whole page, or a section of one. Texts are Portuguese, with their English in `data-en`: the page's script
    exchanges them."""
    every = {"n": partial(number, zone=zone), "css": _asset("page.css"), "js": _asset("page.js"), "zone": zone}
    return f"{_environment().get_template(template).render({**every, **view}).strip()}\n"


def words(pt: Any, en: Any = None, css: str = "") -> Markup:
    """A text in both languages; `pt` may be the pair. `css` is a class."""
    pt, en = pt if isinstance(pt, tuple) else (pt, en)
    named = Markup(' class="{}"').format(css) if css else ""
    english = "" if en is None or en == pt else Markup(' data-en="{}"').format(plain(str(en)))
    return Markup("<span{}{}>{}</span>").format(named, english, plain(str(pt)))


def sentence(english: str) -> Markup:
    """A sentence that the code wrote, in both languages; a command that it quotes in backticks is set as code."""
    said, written = (CODE.split(text) for text in (translated(english), english))
    if said[1::2] != written[1::2]:
        return words(translated(english), english)
    parts = enumerate(zip(said, written, strict=True))
    return Markup("").join(
        Markup("<code>{}</code>").format(plain(en)) if n % 2 else words(pt, en) for n, (pt, en) in parts
    )


def failure_message(message: str) -> Markup:
    """A failure's message: our sentence in both languages and, below it, the words that it quotes; so for each day of
    a backfill that failed."""
    return Markup("").join(_of_day(day, *parts) for day, parts in by_day(message))


def _of_day(day: str, ours: str, said: str) -> Markup:
    about = Markup("<p><strong>{}{}</strong></p>").format(f"{day}: " if day else "", sentence(ours))
    quote = Markup('<blockquote><span class="vh">{}: </span><q lang="en">{}</q></blockquote>')
    return about + (quote.format(words(ORIGINAL), said) if said else "")


def number(value: Any, kind: str, zone: str = "UTC") -> Markup:
    """A number, amount, date or time in both languages, with its plain value beside it for the CSV."""
    pt, en = both(value, kind, zone)
    if value is None:
        return Markup('<span class="none">{}</span>').format(pt)
    size = Markup(' class="long"') if len(pt) > LONG else ""
    return Markup('<data value="{}" data-kind="{}" data-en="{}"{}>{}</data>').format(value, kind, en, size, pt)


def counted(count: int, one: Both, many: Both) -> Markup:
    """A count with its noun, in both languages; `one` is for 1."""
    return Markup("{} {}").format(number(count, "int"), words(one if count == 1 else many))


def broken(name: str) -> Markup:
    """The name of a column, which may break after each underscore."""
    return Markup("_<wbr>").join(plain(name).split("_"))


def level(value: float | None, most: float) -> str:
    """The class of a heat map's cell, from none to the strongest colour."""
    if value is None:
        return "h-none"
    return f"h{min(LEVELS, int(LEVELS * value / most + 0.999))}" if most > 0 and value > 0 else "h0"


def width(value: float | None, most: float) -> str:
    """The width of a bar as CSS has it."""
    return f"{max(0.0, min(100.0, 100 * value / most)):.1f}%" if value and most else "0"


@cache
def _asset(name: str) -> Markup:
    return Markup((HERE / name).read_text(encoding="utf-8"))  # noqa: S704 - ours


@cache
def _environment() -> Environment:
    of_products = PrefixLoader({name: FileSystemLoader(folder) for name, folder in products.folders().items()})
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(HERE / "templates"), of_products]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    made.globals |= {
        "t": words,
        "broken": broken,
        "counted": counted,
        "level": level,
        "width": width,
        "charts": charts,
        "both": both,
        "sentence": sentence,
        "failure_message": failure_message,
    }
    return made


def _finalized(value: Any) -> Any:
    """What a template shows: text from data with its control characters escaped, nothing for None."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
