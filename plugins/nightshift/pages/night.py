"""The page of a night: `html(record, page, nights)` gives one self-contained HTML. Pure.

record    record.json, as docs/interfaces.md describes it
page      page.json of the same run, which its gold job wrote; None where there is none
nights    summaries of the nights before (history.summary), in any order
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from nightshift.pages import charts, cures, history, products, render, words
from nightshift.pages.formats import Both, days
from nightshift.pipelines import PIPELINES
from nightshift.run.tasks import Group

Record = Mapping[str, Any]
DATES = 30
MOST_HOURS = 72
MOST_DAYS_SHOWN = 40
NEAR = 4  # times the dearest night: the limit of a night is a line in the chart
LIMIT: Both = ("Limite por noite", "Limit a night")
COST_BY_DAY = charts.Axes(("Data de negócio", "Business date"), ("Custo da noite (US$)", "Cost of the night (US$)"))
MONEY = ("decimal(18,2)",)
# What records of older versions lack.
ABSENT: Record = {"restated": [], "days": [], "compute": None}
ABSENT_COST: Record = {
    "elsewhere": {},
    "prices": "",
    "limit": None,
    "parts": {},
    "seconds": {},
    "expected": None,
    "spot": "",
}
DEFAULT_ZONE = "America/Sao_Paulo"


class Segment(NamedTuple):
    """A group of tasks on the time line: seconds since the run began, and their usual number."""

    name: Both
    start: float
    end: float
    usual: float | None
    tone: str

    @property
    def seconds(self) -> float:
        return self.end - self.start


def html(
    record: Record,
    page: Record | None = None,
    nights: Iterable[Record] = (),
    *,
    place: str = cures.CLI,
    zone: str = DEFAULT_ZONE,
) -> str:
    """The whole page. `place` is where its reader acts (cures.CLI or cures.AIRFLOW), `zone` the zone of its times."""
    record = {**ABSENT, **record, "cost": {**ABSENT_COST, **record["cost"]}}
    shown = {key: value for key, value in (page or {}).items() if value is not None}
    before = history.nights_before(record, nights)
    view = {
        "record": record,
        "title": title(record),
        "outcome": words.outcome(record["outcome"]),
        "tone": words.tone(record["outcome"]),
        "own": history.summary(record),
        "nights": before,
        "failure": record["failure"],
        "cure": cures.command(record, place),
        "segments": segments(record, before),
        "counts": counts(record),
        "gold": gold_tables(record, shown, before, zone),
        "restated": [restated(record, day) for day in record["restated"][:MOST_DAYS_SHOWN]],
        "costs": costs(record, before),
        "proof": record["proof"],
        "resources": words.RESOURCES,
        "alerts": [m["alerts"] for m in record["layers"] if m.get("alerts")],
        "quarantine": shown.get("quarantine", []),
        "lineage": lineage(record, shown),
        "page": shown,
        "words": words,
        "groups": words.GROUPS,
    }
    return render.page("night.html", zone, {**view, **_results(record, shown, zone)})


def _results(record: Record, page: Record, zone: str) -> dict[str, Any]:
    """The section of the product's figures, or the problem with them: figures of another version, or a pipeline's own
    template that fails, leave the rest of the page as it is."""
    problem = page.get("problem", "")
    try:
        own = products.view(record, page)
        section = render.page(own["template"], zone, own) if own else ""
    except Exception as error:  # noqa: BLE001 - a pipeline's author wrote what may raise here
        section, problem = "", f"{type(error).__name__}: {error}"
    return {"results": Markup(section), "problem": problem}  # noqa: S704 - a template's output, escaped there


def title(record: Record) -> Both:
    """The product's name, of a backfill with what it fills."""
    product = record["pipeline"].removeprefix(products.BACKFILL)
    pt, en = products.title(product)
    before = words.BACKFILL if product != record["pipeline"] else ("", "")
    return before[0] + pt, before[1] + en


def segments(record: Record, nights: Sequence[Record]) -> list[Segment]:
    """The six groups in their order; one that did not run is left out."""
    spans, usual = history.spans(record), history.medians(nights)
    failed = {str(history.GROUP_OF.get(t, Group.COMPUTE)) for t, f in record["tasks"].items() if f["state"] == "failed"}
    return [
        Segment(words.GROUPS[group], *spans[group], usual.get(group), "bad" if group in failed else "")
        for group in map(str, Group)
        if group in spans
    ]


def counts(record: Record) -> list[dict[str, Any]]:
    """A row for each layer and table, with whether its rows are all accounted for."""
    return [
        {
            "warnings": {},
            **table,
            "layer": words.LAYERS.get(manifest["layer"], (manifest["layer"],) * 2),
            "day": manifest["business_date"],
            "whole": table["rows_in"] == table["accepted"] + table["quarantined"] + table["duplicates"],
        }
        for manifest in record["layers"]
        for table in manifest["tables"]
    ]


def gold_tables(record: Record, page: Record, nights: Sequence[Record], zone: str) -> list[dict[str, Any]]:
    """The published tables: own rows, other days, first rows, and the rows of the last dates. Of a backfill they are
    those of the day that page.json is of, whose age is judged by no limit: it is an old day on purpose."""
    day = products.published_day(record)
    pipeline = PIPELINES.get(record["pipeline"].removeprefix(products.BACKFILL))
    limits = {table.name: table.fresh_hours for table in pipeline.gold} if pipeline else {}
    schemas, tables, old = _schemas(record), dict[str, dict[str, Any]](), age(record, zone, day)
    for gold in _own_first(record, day):
        known = tables.setdefault(
            gold["table"], {"name": gold["table"], "rows": gold["rows"], "uri": gold["uri"], "others": -1}
        )
        known["others"] += 1
    for name, table in tables.items():
        first = page.get("tables", {}).get(name, {"columns": [], "rows": [], "masked": []})
        kinds = [_kind(column, schemas.get(name, {}).get(column, "string"), record) for column in first["columns"]]
        table |= {
            "limit": None if day else limits.get(name),
            "late": bool(old and not day and name in limits and old.hours > limits[name]),
            "first": first,
            "kinds": kinds,
            "spark": charts.sparkline(
                [*(night["rows"].get(name) for night in _by_date(record, nights)), table["rows"]]
            ),
            "age": old,
        }
    return list(tables.values())


def _schemas(record: Record) -> dict[str, Mapping[str, str]]:
    return {gold["table"]: gold["schema"] for manifest in record["layers"] for gold in manifest["gold"]}


def _own_first(record: Record, day: str) -> list[Record]:
    """The published partitions, those of a backfill's day before the others."""
    return sorted(record["gold"], key=lambda gold: products.partition(gold) != day) if day else list(record["gold"])


def restated(record: Record, day: Record) -> dict[str, Any]:
    """A day that was published before, with the figures that changed: (name, before, now, the kind of number)."""
    schema = _schemas(record).get(day["table"], {})
    pairs = ((name, (_number(was), _number(day["after"].get(name)))) for name, was in day["before"].items())
    changed = [(name, *pair, _figure(record, schema, name, pair)) for name, pair in pairs if pair[0] != pair[1]]
    return {**day, "changed": changed}


def _number(text: str | None) -> Decimal | str | None:
    """A figure that the record has as text; None of one that was null, and what is no number as it is written."""
    if text in {None, "None"}:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _figure(record: Record, schema: Mapping[str, str], name: str, values: Sequence[Decimal | str | None]) -> str:
    """How a figure is shown: by its column or, where there is none, by its decimals."""
    if any(isinstance(value, str) for value in values):
        return "raw"
    if name in schema:
        return _kind(name, schema[name], record) or "raw"
    return "n2" if any(value % 1 for value in values if isinstance(value, Decimal)) else "int"


class Age(NamedTuple):
    """A number of hours or days with its unit; `hours` is the same in hours."""

    value: float
    unit: Both
    hours: float


def age(record: Record, zone: str, day: str = "") -> Age | None:
    """The time from the end of a day, by default the business date, in its zone to the record, in hours, or in days if
    it is long; None for a record before that end."""
    ended = datetime.fromisoformat(day or record["business_date"]).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    hours = (datetime.fromisoformat(record["ended_at"]) - ended).total_seconds() / 3600
    if hours < 0:
        return None
    is_short = hours <= MOST_HOURS
    return Age(round(hours, 1), ("h", "h"), hours) if is_short else Age(round(hours / 24, 1), ("dias", "days"), hours)


def _by_date(record: Record, nights: Sequence[Record]) -> list[Record]:
    """The last night that published of each earlier business date, at most DATES of them with the record's own."""
    last = {night["business_date"]: night for night in nights if night["rows"]}
    return [last[day] for day in sorted(last) if day < record["business_date"]][-DATES + 1 :]


def _kind(column: str, spark_type: str, record: Record) -> str:
    """How the values of a column are shown; '' for text. Identifiers, codes and years are no quantities."""
    if column.endswith(("_id", "_code")) or column == "year":
        return "raw"
    if spark_type in MONEY:
        return products.money(record["pipeline"])
    if spark_type in {"int", "bigint"}:
        return "int"
    is_share = column.endswith("rate") or "rate_" in column or column in products.shares(record["pipeline"])
    if spark_type == "double" and is_share:
        return "share"
    if spark_type.startswith(("double", "decimal", "float")):
        return "n2"
    return "day" if spark_type == "date" else ""


def costs(record: Record, nights: Sequence[Record]) -> dict[str, Any]:
    """The cost of each night as bars by business date, the limit, and the other targets."""
    cost, priced = record["cost"], [n for n in (*nights, history.summary(record)) if n["usd"] is not None]
    priced.sort(key=lambda night: (night["business_date"], night["ended_at"]))
    labels = days([night["business_date"] for night in priced])
    values = [night["usd"] for night in priced]
    name, limit = ("Custo medido", "Measured cost"), cost.get("limit")
    is_near = limit and priced and limit <= NEAR * max(values)  # another would leave no height to the bars
    line = (LIMIT, limit) if is_near else None
    drawn = charts.bars(labels, [(name, values)], "usd", COST_BY_DAY, axis="compact_usd", limit=line)
    chart = drawn if len(priced) > 1 else ""
    return {
        **cost,
        "chart": chart,
        "rows": [(night["business_date"], night["usd"]) for night in priced],
        "limit": limit,
    }


def lineage(record: Record, page: Record) -> list[tuple[Both, list[tuple[str, int | None]]]]:
    """Files, bronze, silver, gold: each with its parts and their rows; of a backfill those of the day that page.json
    is of."""
    day = products.published_day(record)
    steps: list[tuple[Both, list[tuple[str, int | None]]]] = []
    if came := [uri for uri in (page.get("input"), page.get("reference")) if uri]:
        steps.append((("Entrada", "Input"), [(uri, None) for uri in came]))
    for manifest in record["layers"]:
        if manifest["layer"] != "gold" and (manifest["business_date"] == day or not record["days"]):
            parts = [(table["table"], table["accepted"]) for table in manifest["tables"]]
            steps.append((words.LAYERS.get(manifest["layer"], (manifest["layer"],) * 2), parts))
    published: dict[str, int] = {}
    for gold in _own_first(record, day):
        published.setdefault(gold["table"], gold["rows"])
    steps.append((words.LAYERS["gold"], list(published.items())))
    return steps
