"""Charts as inline SVG in the two languages, drawn by pygal and styled by the page's own CSS. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal.style import Style

from nightshift.pages.formats import Both, both

Series = tuple[Both, Sequence[float | None]]


class Axes(NamedTuple):
    """The titles of a chart's axes: what is on each and, where the numbers do not say it, its unit."""

    x: Both
    y: Both


WIDTH, HEIGHT = 600, 240
WIDE = (1120, 300)
MOST_LABELS = 9  # of an axis with more, every nth is shown
ABOVE = 1.1  # room for the name of a limit
HALF_A_LABEL = 30  # the last label's middle is at the end of a line chart's axis
_COMMON = {
    "style": Style(label_font_size=11, major_label_font_size=11, title_font_size=11),
    "js": (),
    "show_legend": False,
    "margin": 6,
    "spacing": 6,
    "max_scale": 6,
    "truncate_label": -1,
}
_SPARK = {"width": 120, "height": 28, "margin": 2, "spacing": 0, "show_x_labels": False, "show_y_labels": False}
# What pygal writes for its own style sheet, script and tooltips, which the page has once.
_DROPPED = {"defs", "desc", "title"}
_OVERLAYS = {"plot text-overlay", "plot tooltip-overlay"}
_FACTS = ("label", "x_label", "value")
COUNTS = "int"  # values of which an axis names whole ones only
FEW_TENS = 3
SAME = "\N{ZERO WIDTH SPACE}"


def bars(
    labels: Sequence[Both],
    series: Sequence[Series],
    kind: str,
    axes: Axes,
    *,
    axis: str = "compact",
    stacked: bool = False,
    wide: bool = False,
    limit: tuple[Both, float] | None = None,
) -> Markup:
    """Vertical bars, one group (or stack) a label. `kind` formats the values, `axis` those of the axis, which `axes`
    names; `wide` is for a card as wide as the page; `limit` is a dashed line with its name."""
    chart = (pygal.StackedBar if stacked else pygal.Bar)(**_COMMON, **_size(wide), zero=0)
    if limit:
        highest = max(value or 0 for _, values in series for value in values)
        chart.config.range = (0, max(highest, limit[1]) * ABOVE)
    return _drawn(chart, labels, series, kind, axis, axes=axes, limit=limit)


def lines(
    labels: Sequence[Both],
    series: Sequence[Series],
    kind: str,
    axes: Axes,
    *,
    axis: str = "compact",
    dots: bool = True,
    wide: bool = False,
) -> Markup:
    """Lines over labels; a gap where a value is unknown."""
    shape = {**_COMMON, **_size(wide), "margin_right": HALF_A_LABEL}
    chart = pygal.Line(**shape, show_dots=dots, dots_size=2.5, allow_interruptions=True)
    chart.config.include_x_axis = all(value is None or value >= 0 for _, values in series for value in values)
    return _drawn(chart, labels, series, kind, axis, axes=axes)


def points(pairs: Sequence[tuple[float, float]], name: Both, axes: Axes) -> Markup:
    """Frequency over rank, both on logarithmic axes."""
    chart = pygal.XY(**_COMMON, **_size(False), dots_size=2.5, logarithmic=True)
    words = _titled(chart, axes)
    chart.x_value_formatter = chart.value_formatter = _formatter("compact", words)
    chart.x_labels, chart.y_labels = (_whole_steps(max(numbers)) for numbers in zip(*pairs, strict=True))
    chart.add(name[0], list(pairs))
    return _svg(chart, words, "chart")


def sparkline(values: Sequence[float | None]) -> Markup:
    """A small line without axes; nothing for fewer than two values."""
    if sum(value is not None for value in values) < 2:
        return Markup("")
    chart = pygal.Line(**{**_COMMON, **_SPARK}, show_dots=False)
    chart.add("", list(values))
    return _svg(chart, {}, "spark")


def _size(wide: bool) -> dict[str, int]:
    width, height = WIDE if wide else (WIDTH, HEIGHT)
    return {"width": width, "height": height}


def _drawn(
    chart: Any,
    labels: Sequence[Both],
    series: Sequence[Series],
    kind: str,
    axis: str,
    *,
    axes: Axes,
    limit: tuple[Both, float] | None = None,
) -> Markup:
    labels, words = _distinct(labels), {**dict(labels), **_titled(chart, axes)}
    chart.x_labels = [pt for pt, _ in labels]
    if len(labels) > MOST_LABELS:
        chart.x_labels_major_every = -(-len(labels) // (MOST_LABELS * chart.config.width // WIDTH))
        chart.show_minor_x_labels = False
    values, chart.value_formatter = _formatter(kind, words), _formatter(axis, words)
    chart.config.order_min = 0 if kind == COUNTS else None
    for (pt, en), numbers in series:
        words.setdefault(pt, en)
        chart.add(
            pt,
            [
                None if n is None else {"value": n, "formatter": values, "label": label}
                for n, (label, _) in zip(numbers, labels, strict=True)
            ],
        )
    if limit:
        (pt, en), at = limit
        words.setdefault(pt, en)
        chart.add_xml_filter(lambda drawn: _with_limit(drawn, chart.view, pt, at))
    return _svg(chart, words, "chart")


def _whole_steps(most: float) -> list[int]:
    """The whole numbers up to `most` that a logarithmic axis names: 1, 10, 100, and 2 and 5 between few of these."""
    tens = [10**power for power in range(len(str(int(most))))]
    steps = (1, 2, 5) if len(tens) <= FEW_TENS else (1,)
    return [step * ten for ten in tens for step in steps if step * ten <= most]


def _titled(chart: Any, axes: Axes) -> dict[str, str]:
    """Gives the chart the titles of its axes; returns their English."""
    chart.x_title, chart.y_title = axes.x[0], axes.y[0]
    return dict(axes)


def _distinct(labels: Sequence[Both]) -> list[Both]:
    """The labels, each its own: pygal marks every label that equals a marked one, such as two nights of one date."""
    texts = [pt for pt, _ in labels]
    return [(pt + SAME * texts[:n].count(pt), en) for n, (pt, en) in enumerate(labels)]


def _formatter(kind: str, words: dict[str, str]) -> Callable[[Any], str]:
    """Formats in Portuguese, and keeps the English of what it gave in `words`."""

    def shown(value: Any) -> str:
        pt, en = both(value, kind)
        words[pt] = en
        return pt

    return shown


def _svg(chart: Any, words: Mapping[str, str], css: str) -> Markup:
    """The drawing without pygal's style sheet, script, random id and date; its texts have their English beside them.
    Screen readers leave it out: the same figures are in a table."""
    drawn = chart.render_tree()
    svg = ET.Element("svg", {"class": css, "aria-hidden": "true", "viewBox": drawn.get("viewBox", "")})
    svg.extend(_kept(child, words) for child in drawn if _is_kept(child))
    return Markup(ET.tostring(svg, encoding="unicode", short_empty_elements=True))  # noqa: S704 - ElementTree escapes


def _with_limit(drawn: Any, view: Any, name: str, value: float) -> Any:
    """The drawing with a line across its plot, and the line's name above its end."""
    plot = next(group for group in drawn.iter("g") if group.get("class") == "plot")
    right, height = f"{view.width:.1f}", view.y(value)
    across = {"x1": "0", "x2": right, "y1": f"{height:.1f}", "y2": f"{height:.1f}"}
    text = plot.makeelement("text", {"class": "limit", "x": right, "y": f"{height - 4:.1f}"})
    text.text = name
    plot.extend((plot.makeelement("line", {"class": "limit", **across}), text))
    return drawn


def _is_kept(node: Any) -> bool:
    is_empty = node.get("class") == "titles" and not len(node)
    return (
        isinstance(node.tag, str) and node.tag not in _DROPPED and node.get("class") not in _OVERLAYS and not is_empty
    )


def _kept(node: Any, words: Mapping[str, str]) -> ET.Element:
    """A copy of a node with what is kept of its content; a mark gets the facts that follow it as its tooltip."""
    attributes = {key: _short(value) for key, value in node.attrib.items() if value}
    copy = ET.Element(node.tag, attributes)
    copy.text = (node.text or "").rstrip(SAME) if node.tag == "text" else None
    if copy.text and words.get(copy.text, copy.text) != copy.text:
        copy.set("data-en", words[copy.text])
    copy.extend(_kept(child, words) for child in node if _is_kept(child))
    facts = {child.get("class"): (child.text or "").rstrip(SAME) for child in node if child.tag == "desc"}
    if len(copy) and "value" in facts:
        pt = list(dict.fromkeys(facts[name] for name in _FACTS if facts.get(name)))
        title = ET.SubElement(copy[0], "title", {"data-en": ": ".join(words.get(text, text) for text in pt)})
        title.text = ": ".join(pt)
    return copy


def _short(value: str) -> str:
    """An attribute with one decimal a coordinate."""
    return re.sub(r"(\d+\.\d)\d+", r"\1", value)
