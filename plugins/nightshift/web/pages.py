"""The pages in Airflow's UI, each a fragment of HTML made from a View. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nightshift.compute import instances
from nightshift.contracts.pipeline import BACKFILL
from nightshift.pages.night import MOST_HOURS
from nightshift.report import expected
from nightshift.run.ids import slug_of
from nightshift.run.links import dag_page, run_page, run_tab
from nightshift.web.markup import Markup, Part, failure_message, joined, link, table, tag
from nightshift.web.run_page import framed
from nightshift.web.view import DRIFT, Gold, Night, View

DATES, LATEST, DEAREST = 30, 20, 10
TO = " \N{EN DASH} "
MARKS = {"success": "✓", "success with warnings": "!", "failed": "✗"}
CLASSES = {"success": "ok", "success with warnings": "warn", "failed": "bad"}
UNKNOWN_MARK, UNKNOWN_CLASS = "?", "warn"  # of an outcome that this version does not know


def home(view: View) -> Markup:
    """The strip on Airflow's Home: last night by product, what is alive, gold that is too old, dollars this month."""
    return tag(
        "section",
        _card(view.t("Last night"), *(_last(view, name) for name in view.products), *_drift(view)),
        _card(view.t("What is alive"), *_alive_lines(view)),
        _card(view.t("Gold older than its limit"), *_stale_lines(view)),
        _card(view.t("This month"), *_month_lines(view)),
        class_="ns-strip",
        aria_label="Nightshift",
    )


def nights(view: View) -> Markup:
    """Product by date, and the latest nights."""
    dates = view.dates(DATES)
    header = [view.t("Product"), *(tag("span", day[8:], title=view.t.day(day)) for day in dates)]
    rows = [[link(dag_page(name), view.title(name)), *_cells(view, name, dates)] for name in view.products]
    legend = [tag("span", _mark(view, outcome), " ", view.t(outcome)) for outcome in MARKS]
    grid = tag("div", table(header, rows), class_="ns-grid")
    span = TO.join(map(view.t.day, (dates[0], dates[-1])))
    return joined(
        tag("h2", view.t("Nights"), " ", tag("small", f"{view.t('business dates')} {span}")),
        grid,
        tag("p", *legend, class_="ns-legend"),
        *_drift(view),
        tag("h3", view.t("Latest nights"), " ", _zone(view)),
        _listed(view, view.nights()[:LATEST]),
    )


def money(view: View) -> Markup:
    """Dollars by month and product, and the most expensive nights beside the limit of one."""
    dags = sorted({dag for _, paid in view.months() for dag in paid})
    header = [view.t("Month"), *(_title(view, dag) for dag in dags), view.t("Total")]
    rows = [
        [view.t.month(month), *(_paid(view, paid.get(dag)) for dag in dags), _total(view, paid)]
        for month, paid in view.months()
    ]
    dearest = sorted(view.nights(), key=lambda night: night["usd"] or 0, reverse=True)[:DEAREST]
    most = max([view.limit, *(night["usd"] or 0 for night in dearest)])
    bars = [
        [
            _title(view, n["dag_id"]),
            view.t.day(n["business_date"]),
            _outcome(view, n),
            _bar(view, n, most),
            view.t.n(n["estimate"], "usd"),
            _run(n),
        ]
        for n in dearest
    ]
    names = [view.t(name) for name in ("Product", "Date", "Outcome", "Measured", "Estimated", "Run")]
    names[3] += f", 0{TO}{view.t.n(most, 'usd')}"  # what the length of the bars is
    return joined(
        tag("h2", view.t("Money")),
        *_old_prices(view, view.nights()),
        tag("h3", view.t("By month")),
        table(header, rows, empty=view.t("Nothing yet.")),
        tag(
            "h3",
            view.t("Most expensive nights"),
            " ",
            tag("small", view.t("Limit a night"), f": {view.t.n(view.limit, 'usd')}"),
        ),
        table(names, bars, empty=view.t("Nothing yet.")),
    )


def alive(view: View) -> Markup:
    """What runs now, and what runs left behind."""
    running = [
        [link(run_page(r.dag_id, r.run_id), r.run_id), _title(view, r.dag_id), view.t(r.state)] for r in view.running
    ]
    left = [[_run(night), _title(view, night["dag_id"]), what, _reaps(view, night)] for night, what in _named(view)]
    names = (view.t("Run"), view.t("Product"))
    return joined(
        tag("h2", view.t("Alive")),
        tag("h3", view.t("Running now")),
        table((*names, view.t("State")), running, empty=view.t("Nothing runs.")),
        tag("h3", view.t("Left behind by a run")),
        table((*names, view.t("Resource"), view.t("Next")), left, empty=view.t("No run left anything behind.")),
    )


def products(view: View) -> Markup:
    """Each product with its gold tables: newest date, age beside its limit, rows."""
    return joined(tag("h2", view.t("Products")), *(_product(view, name) for name in view.products))


def dictionary(view: View) -> Markup:
    """Each gold table with its columns, as the contracts describe them."""
    return joined(tag("h2", view.t("Data dictionary")), *(_described(view, name) for name in view.products))


def dag(view: View, dag_id: str) -> Markup:
    """The nights of a DAG and, of a product, of its backfill; below them the page of the latest that was no failure."""
    if dag_id.removeprefix(BACKFILL) not in view.index["products"]:
        return tag("p", view.t("This DAG makes no data product."), class_="ns-empty")
    own = view.nights(dag_id) if dag_id.startswith(BACKFILL) else view.nights_of(dag_id)
    product = dag_id.removeprefix(BACKFILL)
    tables = [tag("h3", "Gold"), _gold_table(view, product)] if product in view.products else []
    heading = tag("h2", view.t("All nights of this DAG"), " ", _zone(view))
    good = next((night for night in own if night["outcome"] != "failed"), None)
    title = tag("h3", view.t("Page of its latest night"))
    page = [title, framed(good["dag_id"], good["run_id"], view.t, view.theme)] if good else []
    return joined(heading, *_expected(view, dag_id), _listed(view, own), *tables, *page)


PAGES: Mapping[str, Callable[[View], Markup]] = {
    "home": home,
    "nights": nights,
    "money": money,
    "alive": alive,
    "products": products,
    "dictionary": dictionary,
}


def _expected(view: View, dag_id: str) -> Iterable[Markup]:
    """What a night on the machines of the last one is expected to cost and take; nothing before enough are known."""
    known = view.nights(dag_id)
    if dag_id.startswith(BACKFILL) or not known:
        return
    target, shape = known[0].get("target") or "", known[0].get("shape") or ""
    like = expected.of(reversed(known), target, shape, expected.planned(0, 0))
    if like.basis == expected.NIGHTS:
        yield tag(
            "p",
            f"{view.t('The next night is expected to cost')} {view.t.n(like.usd, 'usd')}, {like.minutes:.0f} min; ",
            f"{view.t('nine of ten up to')} {view.t.n(like.usd_p90, 'usd')}, {like.minutes_p90:.0f} min ",
            f"({like.nights} {view.t('nights')})",
        )
        yield from _old_prices(view, known)


def _old_prices(view: View, nights: Iterable[Mapping[str, Any]]) -> Iterable[Markup]:
    """That the prices of the latest night are old; nothing while they are not."""
    if old := instances.age_warning_of(nights, view.today, view.prices_max_age_days):
        yield tag("p", view.t(old), class_="ns-warn")


def _drift(view: View) -> Iterable[Markup]:
    """How many attributes of the stacks differ from their terraform, and since when; nothing while none does."""
    if count := view.drift.get("attributes"):
        words = view.t("the foundation differs from its terraform")
        amount = (
            f"{count} {view.t('attribute' if count == 1 else 'attributes')} {view.t('since')} "
            f"{view.t.day(view.drift['since'])}"
        )
        yield tag("p", _mark(view, "success with warnings"), " ", link(dag_page(DRIFT), words), f": {amount}")


def _last(view: View, product: str) -> Markup:
    latest = next(iter(view.nights_of(product)), None)
    if latest is None:
        return tag("p", link(dag_page(product), view.title(product)), " ", tag("i", view.t("No night yet")))
    when = f" {view.t.day(latest['business_date'])}"
    return tag("p", _mark(view, latest["outcome"]), " ", link(_href(latest), view.title(product)), when)


def _alive_lines(view: View) -> Iterable[Markup]:
    runs = [
        tag("p", link(run_page(r.dag_id, r.run_id), _title(view, r.dag_id)), f" {view.t(r.state)}")
        for r in view.running
    ]
    left = [
        tag("p", _mark(view, "failed"), " ", link(_href(night), _title(view, night["dag_id"])), ": ", what)
        for night, what in _named(view)
    ]
    return [*runs, *left] or [tag("p", _mark(view, "success"), " ", view.t("Nothing runs and nothing is left behind."))]


def _named(view: View) -> list[tuple[Night, str]]:
    return [(night, view.t(what or "not proven")) for night, what in view.left_behind()]


def _stale_lines(view: View) -> Iterable[Markup]:
    stale = view.stale()
    if stale:
        return [tag("p", _mark(view, "failed"), f" {gold.product}.{gold.name}: ", _age(view, gold)) for gold in stale]
    fresh = any(gold.hours is not None for product in view.products for gold in view.gold(product))
    words = view.t("Every table is fresh.") if fresh else view.t("No gold yet.")
    return [tag("p", *([_mark(view, "success"), " "] if fresh else []), words)]


def _month_lines(view: View) -> Iterable[Markup]:
    paid = view.this_month()
    yield tag("p", _dollars(view, *paid.values()), class_="ns-figure")
    yield tag("p", _counted(view, *paid.values()))
    yield tag("p", link("plugin/nightshift_money", view.t("Money")))


def _card(title: str, *lines: Part) -> Markup:
    return tag("article", tag("h3", title), *lines, class_="ns-card")


def _cells(view: View, product: str, dates: Iterable[str]) -> Iterable[Markup]:
    known = view.by_date(product)
    for day in dates:
        night = known.get(day)
        if night is None:
            yield tag("td", tag("span", "·", title=f"{view.t.day(day)}: {view.t('no night')}"))
        else:
            about = f"{view.t.day(day)}: {view.t(night['outcome'])}, {view.t.n(night['usd'], 'usd')}"
            mark = link(_href(night), MARKS.get(night["outcome"], UNKNOWN_MARK), title=about, aria_label=about)
            yield tag("td", mark, class_=f"ns-{CLASSES.get(night['outcome'], UNKNOWN_CLASS)}")


def _dates(view: View, night: Night) -> str:
    days = (night["days"][0], night["days"][-1]) if night["days"] else (night["business_date"],)
    return TO.join(map(view.t.day, days))


def _zone(view: View) -> Markup:
    return tag("small", view.t("Times of"), f" {view.timezone}")


def _listed(view: View, some: Iterable[Night]) -> Markup:
    names = ("Product", "Date", "Outcome", "Started", "Duration", "Measured", "Estimated", "Failure", "Run")
    return table([view.t(name) for name in names], [_row(view, night) for night in some], empty=view.t("Nothing yet."))


def _row(view: View, night: Night) -> list[Part]:
    failure, started = night["failure"], datetime.fromisoformat(night["started_at"]).astimezone(ZoneInfo(view.timezone))
    words: list[Part] = []
    if failure:
        words = [
            tag("b", failure["task"]),
            f" ({view.t(failure['cause'])}): ",
            *failure_message(failure["message"], view.t),
        ]
    why = tag("td", *words, class_="ns-text") if words else ""
    return [
        _title(view, night["dag_id"]),
        link(_href(night), _dates(view, night)),
        _outcome(view, night),
        f"{view.t.day(started)} {started:%H:%M}",
        view.t.n((datetime.fromisoformat(night["ended_at"]) - started).total_seconds(), "duration"),
        view.t.n(night["usd"], "usd"),
        view.t.n(night["estimate"], "usd"),
        why,
        _run(night),
    ]


def _product(view: View, product: str) -> Markup:
    latest = next(iter(view.nights_of(product)), None)
    state = [_outcome(view, latest), " ", link(_href(latest), view.t.day(latest["business_date"]))] if latest else []
    title = tag("h3", link(dag_page(product), view.title(product)))
    return tag("article", title, tag("p", *(state or [view.t("No night yet")])), _gold_table(view, product))


def _gold_table(view: View, product: str) -> Markup:
    names = ("Table", "Newest date", "Rows", "Age", "Limit", "Meaning")
    rows = [_gold_row(view, gold) for gold in view.gold(product)]
    return table([view.t(name) for name in names], rows, empty=view.t("Nothing yet."))


def _gold_row(view: View, gold: Gold) -> list[Part]:
    never = tag("i", view.t("never published"))
    age = never if gold.hours is None else _age(view, gold)
    limit = f"{view.t.n(gold.limit, 'compact')} {view.t('hours')}"
    about = view.about(gold.product, gold.contract["about"])
    newest = view.t.day(gold.business_date) if gold.business_date else None
    return [tag("code", gold.name), newest, view.t.n(gold.rows, "int"), age, limit, about]


def _age(view: View, gold: Gold) -> Markup:
    """The time since the table was written: in hours, or in days if it is long."""
    hours = gold.hours or 0.0
    long, unit = (hours, "hours") if hours <= MOST_HOURS else (hours / 24, "days")
    time = f"{view.t.n(long, 'n1')} {view.t(unit)}"
    return tag("span", time, class_="ns-bad" if gold.is_stale else None)


def _described(view: View, product: str) -> Markup:
    tables = [_table(view, product, contract) for contract in view.products[product]["gold"]]
    return tag("article", tag("h3", link(dag_page(product), view.title(product))), *tables)


def _table(view: View, product: str, contract: Mapping[str, Any]) -> Markup:
    personal, notes = set(contract["personal"]), contract["notes"]
    rows = [
        [
            tag("code", name),
            kind,
            view.about(product, notes.get(name, "")),
            view.t("personal") if name in personal else "",
        ]
        for name, kind in contract["columns"].items()
    ]
    header = (view.t("Column"), view.t("Type"), view.t("Meaning"), "")
    summary = tag("summary", tag("code", contract["name"]), " ", view.about(product, contract["about"]))
    key = tag("p", view.t("Key"), ": ", ", ".join(contract["keys"]))
    return tag("details", summary, key, table(header, rows))


def _outcome(view: View, night: Night) -> Markup:
    return tag("span", _mark(view, night["outcome"]), " ", view.t(night["outcome"]), class_="ns-outcome")


def _mark(view: View, outcome: str) -> Markup:
    mark, tone = MARKS.get(outcome, UNKNOWN_MARK), CLASSES.get(outcome, UNKNOWN_CLASS)
    return tag("b", mark, class_=f"ns-mark ns-{tone}", aria_label=view.t(outcome), role="img")


def _title(view: View, dag_id: str) -> str:
    product = dag_id.removeprefix(BACKFILL)
    return view.title(product) + (f", {view.t('backfill')}" if product != dag_id else "")


def _reaps(view: View, night: Night) -> Markup:
    """The command that ends what a run left."""
    where = "" if view.is_kept_here else "--aws "
    return tag("code", f"./nightshift reap {where}--run {night['dag_id']}/{slug_of(night['run_id'])}")


def _run(night: Night) -> Markup:
    return link(_href(night), night["run_id"], class_="ns-run")


def _href(night: Night) -> str:
    return run_tab(night["dag_id"], night["run_id"])


def _paid(view: View, paid: Mapping[str, Any] | None) -> Part:
    return [_dollars(view, paid), " ", tag("small", _counted(view, paid))] if paid else "-"


def _dollars(view: View, *paid: Mapping[str, Any]) -> str:
    """What nights cost together; that it is unknown if it is of all of them."""
    is_unknown = paid and all(each.get("unknown", 0) == each["nights"] for each in paid)
    return view.t("unknown") if is_unknown else view.t.n(sum(each["usd"] for each in paid), "usd")


def _counted(view: View, *paid: Mapping[str, Any]) -> str:
    nights, unknown = (sum(each.get(key, 0) for each in paid) for key in ("nights", "unknown"))
    more = f", {view.t.n(unknown, 'int')} {view.t('of unknown cost')}" if unknown else ""
    return f"{view.t.n(nights, 'int')} {view.t('night' if nights == 1 else 'nights')}{more}"


def _total(view: View, paid: Mapping[str, Any]) -> Markup:
    return tag("b", _dollars(view, *paid.values()))


def _bar(view: View, night: Night, most: float) -> Markup:
    """The measured dollars as a bar; its full length is the limit, or the dearest night over it."""
    share = round(100 * (night["usd"] or 0) / most, 1) if most else 0
    return tag("div", tag("i", style=f"width:{share}%"), tag("span", view.t.n(night["usd"], "usd")), class_="ns-bar")
