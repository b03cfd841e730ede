"""Charts as inline SVG in the two languages, drawn by pygal and styled by the page's own CSS. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape, unescape
from typing import Any

import pygal
from markupsafe import Markup
from pygal.style import Style

from nightshift.pages.formats import Both, both

Series = tuple[Both, Sequence[float | None]]
WIDTH, HEIGHT = 600, 240
WIDE = (1120, 300)
MOST_LABELS = 9  # of an axis with more, every nth is shown
_STYLE = Style(label_font_size=11, major_label_font_size=11)
_COMMON = {
    "style": _STYLE,
    "js": (),
    "show_legend": False,
    "disable_xml_declaration": True,
    "margin": 6,
    "spacing": 6,
    "max_scale": 6,
    "truncate_label": -1,
    "print_values": False,
}
# What pygal writes for its own style sheet, script and tooltips, which the page has once.
_OWN = re.compile(r"<defs>.*?</defs>|<!--.*?-->|<g class=\"titles\" ?/>", re.DOTALL)
_OVERLAYS = re.compile(
    r'<g transform="[^"]*" class="plot (?:text|tooltip)-overlay">.*?(?=<g transform="[^"]*" class="plot |</svg>)',
    re.DOTALL,
)
_MARK = re.compile(r"<(?P<name>rect|circle) (?P<attributes>[^>]*?) ?/>(?P<facts>(?:<desc [^>]*>[^<]*</desc>)+)")
_FACT = re.compile(r'<desc class="(?P<kind>value|x_label|label)">(?P<text>[^<]*)</desc>')
_TEXT = re.compile(r"<text (?P<attributes>[^>]*)>(?P<words>[^<]*)</text>(?:<title>[^<]*</title>)?")


def bars(
    labels: Sequence[Both],
    series: Sequence[Series],
    kind: str,
    *,
    axis: str = "compact",
    stacked: bool = False,
    wide: bool = False,
) -> Markup:
    """Vertical bars, one group (or stack) a label. `kind` formats the values, `axis` those of the axis; `wide` is for a
    card as wide as the page."""
    chart = (pygal.StackedBar if stacked else pygal.Bar)(**_COMMON, **_size(wide), zero=0)
    return _drawn(chart, labels, series, kind, axis)


def lines(
    labels: Sequence[Both],
    series: Sequence[Series],
    kind: str,
    *,
    axis: str = "compact",
    dots: bool = True,
    wide: bool = False,
) -> Markup:
    """Lines over labels; a gap where a value is unknown."""
    chart = pygal.Line(**_COMMON, **_size(wide), show_dots=dots, dots_size=2.5, allow_interruptions=True)
    if all(value is None or value >= 0 for _, values in series for value in values):
        chart.config.include_x_axis = True
    return _drawn(chart, labels, series, kind, axis)


def points(pairs: Sequence[tuple[float, float]], name: Both) -> Markup:
    """Frequency over rank, both on logarithmic axes."""
    chart = pygal.XY(**_COMMON, **_size(False), dots_size=2.5, logarithmic=True, xrange=None)
    chart.x_value_formatter = lambda value: both(value, "compact")[0]
    words: dict[str, str] = {}
    chart.value_formatter = _formatter("compact", words)
    chart.add(name[0], [(rank, count) for rank, count in pairs])
    return _finished(chart, words)


def sparkline(values: Sequence[float | None]) -> Markup:
    """A small line without axes; nothing for fewer than two values."""
    if sum(value is not None for value in values) < 2:
        return Markup("")
    chart = pygal.Line(style=_STYLE, js=(), disable_xml_declaration=True)
    chart.add("", list(values))
    svg = chart.render_sparkline(width=120, height=28, show_dots=False, margin=2, style=_STYLE, js=())
    return _cleaned(str(svg), {}, "spark")


def _size(wide: bool) -> dict[str, int]:
    width, height = WIDE if wide else (WIDTH, HEIGHT)
    return {"width": width, "height": height}


def _drawn(chart: Any, labels: Sequence[Both], series: Sequence[Series], kind: str, axis: str) -> Markup:
    words = dict(labels)
    chart.x_labels = [pt for pt, _ in labels]
    if len(labels) > MOST_LABELS:
        most = MOST_LABELS * chart.config.width // WIDTH
        chart.x_labels_major_every = -(-len(labels) // most)
        chart.show_minor_x_labels = False
    values, ticks = _formatter(kind, words), _formatter(axis, words)
    chart.value_formatter = ticks
    for (pt, en), numbers in series:
        words.setdefault(pt, en)
        chart.add(
            pt,
            [
                None if n is None else {"value": n, "formatter": values, "label": label}
                for n, (label, _) in zip(numbers, labels, strict=True)
            ],
        )
    return _finished(chart, words)


def _formatter(kind: str, words: dict[str, str]) -> Callable[[Any], str]:
    """Formats in Portuguese, and keeps the English of what it gave in `words`."""

    def shown(value: Any) -> str:
        pt, en = both(value, kind)
        words[pt] = en
        return pt

    return shown


def _finished(chart: Any, words: Mapping[str, str]) -> Markup:
    return _cleaned(chart.render(is_unicode=True), words, "chart")


def _cleaned(svg: str, words: Mapping[str, str], kind: str) -> Markup:
    """pygal's SVG without its style sheet, script and random id; its texts with their English beside them."""
    svg = _OVERLAYS.sub("", _OWN.sub("", svg)).replace("<title>Pygal</title>", "")
    svg = _MARK.sub(lambda match: _titled(match, words), svg)
    svg = _TEXT.sub(lambda match: _in_both(match, words), svg)
    svg = re.sub(r"<desc [^>]*>[^<]*</desc>", "", svg)
    svg = re.sub(r"(\d+\.\d)\d+", r"\1", svg)
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg class="{kind}" aria-hidden="true" \1>', svg, count=1)
    return Markup(svg)  # noqa: S704 - pygal escapes what it is given


def _titled(match: re.Match[str], words: Mapping[str, str]) -> str:
    """A mark with a tooltip: its label and value."""
    facts = {fact["kind"]: unescape(fact["text"]) for fact in _FACT.finditer(match["facts"])}
    label = facts.get("label") or facts.get("x_label")
    pt = [text for text in (label, facts.get("value")) if text]
    title = (
        f'<title data-en="{escape(": ".join(words.get(text, text) for text in pt))}">{escape(": ".join(pt))}</title>'
    )
    return f"<{match['name']} {match['attributes']}>{title}</{match['name']}>"


def _in_both(match: re.Match[str], words: Mapping[str, str]) -> str:
    pt = unescape(match["words"])
    english = f' data-en="{escape(words[pt])}"' if words.get(pt, pt) != pt else ""
    return f"<text {match['attributes']}{english}>{match['words']}</text>"
