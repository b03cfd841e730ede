"""The page of a night: everything inside it, in two languages, no number of its own, nothing from data that acts."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise, product

import pytest
from moto.server import ThreadedMotoServer

from medallion import figures as page_job
from nightshift.aws import clients
from nightshift.compute.emr.target import place_of
from nightshift.config import Settings
from nightshift.dag_factory import night_dag
from nightshift.failures import cards, causes, errors
from nightshift.failures.causes import Cause
from nightshift.pages import charts, cures, formats, history, night, products, shelf
from nightshift.pipelines import PIPELINES
from nightshift.report import night_page
from nightshift.report import record as records
from nightshift.report.outcome_rules import RunFacts
from nightshift.run import run_context
from nightshift.run.tasks import Task
from tests import browser
from tests.nightshift import figures
from tests.nightshift.conftest import NOBODY
from tests.nightshift.findings import CLUSTER, GOOD, NOW, PROOF, TASKS, entry, jobs, manifests
from tools import paths

TIMES = [
    {**each, "at": (NOW + timedelta(seconds=17 * n)).isoformat()} for n, each in enumerate([*GOOD, PROOF], start=-14)
]


@pytest.fixture
def made(settings):
    """Builds a record of a pipeline's night as the reporter does."""

    def build(pipeline="mrhealth_sales", entries=TIMES, states=None, day=4):
        asked = datetime.fromisoformat(f"2026-01-{day + 1:02}T03:00:00+00:00")
        run = run_context.from_run(settings, PIPELINES[pipeline], f"manual__{asked.isoformat()}", asked, {})
        facts = RunFacts(
            entries=entries,
            states=states or dict.fromkeys(TASKS, "success"),
            places=[place_of(CLUSTER)],
            jobs=jobs(*["COMPLETED"] * len(run.pipeline.steps), names=[step.name for step in run.pipeline.steps]),
            manifests=manifests(run.pipeline),
            ended_at=NOW + timedelta(minutes=9, days=day - 4),
        )
        return json.loads(json.dumps(records.build(run, facts)))

    return build


def test_the_cost_is_shown_by_part_with_what_was_start_up_and_idle_and_what_was_expected(made):
    plain = made()
    seconds = {"billed": 1680.0, "start_up": 420.0, "working": 1200.0, "idle": 60.0}
    shown = {"basis": "nights", "nights": 9, "usd": 0.31, "usd_p90": 0.4, "minutes": 15.0, "minutes_p90": 19.0}
    cost = {**plain["cost"], "parts": {"EC2": 0.4321}, "seconds": seconds, "expected": shown, "spot": "Spot as it was"}
    page = Page(night.html({**plain, "cost": cost}))
    assert {("usd4", "0.4321"), ("duration", "420.0"), ("duration", "60.0"), ("usd", "0.31")} <= set(page.figures)
    assert "Spot ao preço que teve" in page.texts
    assert ("usd4", "0.4321") not in Page(night.html({**plain, "cost": {**cost, "parts": {}}})).figures
    on_glue = Page(night.html({**plain, "cost": {**cost, "seconds": {}, "parts": {"Glue": 0.1234}}}))
    assert ("usd4", "0.1234") in on_glue.figures and ("duration", "420.0") not in on_glue.figures


class Page(HTMLParser):
    """What a page shows: its figures (plain values by kind), its texts, its tags with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.figures, self.texts, self.tags, self._open, self.crossed = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag == "data":
            self.figures.append((given["data-kind"], given["value"]))
        if tag not in {"meta", "link", "input", "br"}:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self.crossed += [] if self._open and self._open[-1] == tag else [tag]
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text):
        if text.strip() and not {"data", "style", "script", "svg"} & set(self._open):
            self.texts.append(text.strip())

    def attributes(self, name):
        return [given[name] for _, given in self.tags if name in given]


def numbers(value):
    """All numbers in JSON data, also those in its texts."""
    if isinstance(value, dict):
        return {n for key, each in value.items() for n in numbers(key) | numbers(each)}
    if isinstance(value, list):
        return {n for each in value for n in numbers(each)}
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, str):
        return {float(text) for text in re.findall(r"\d+(?:\.\d+)?", value)}
    return {float(value)}


def lengths(data):
    """How many there are of what: the only figures that a page may count itself."""
    if isinstance(data, dict):
        return {n for each in data.values() for n in lengths(each)}
    if isinstance(data, list):
        return {float(len(data))} | {n for each in data for n in lengths(each)}
    return set()


ALL = sorted(figures.FIGURES)


@pytest.mark.parametrize("pipeline", ALL)
def test_no_number_is_on_the_page_that_is_not_in_record_page_json_or_the_nights_before(made, pipeline):
    record, page = made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]())
    nights = [history.summary(made(pipeline, day=day)) for day in (1, 2, 3)]
    shown = Page(night.html(record, page, nights))
    given = numbers([record, page, nights]) | lengths([record, page])
    spans = [end - start for start, end in history.spans(record).values()]
    seconds = {*spans, *history.medians(nights).values(), history.summary(record)["seconds"]}
    contract = {table.fresh_hours for table in PIPELINES[pipeline].gold}
    own = {night.age(record, night.DEFAULT_ZONE)[0]} | contract
    strange = []
    for kind, value in shown.figures:
        if kind in {"day", "short", "moment", "time"}:
            strange += [] if value in json.dumps([record, page, nights]) else [(kind, value)]
        elif float(value) not in given | own | (seconds if kind == "duration" else set()):
            strange.append((kind, value))
    assert len(shown.figures) > 40
    assert strange == []


OURS = {"1", "2", "7", "14", "30", "35", "100", "200", "000", "20", "3"}  # of sentences such as "7-day mean"


@pytest.mark.parametrize("pipeline", ALL)
def test_no_text_hides_a_number(made, pipeline):
    record, page = made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]())
    shown = Page(night.html(record, page))
    known = json.dumps([record, page], ensure_ascii=False)
    hidden = [text for text in shown.texts for n in re.findall(r"\d+", text) if n not in OURS and n not in known]
    assert [text for text in hidden if "/" not in text and formats.NONE not in text and "anos" not in text] == []


@pytest.mark.parametrize("pipeline", ALL)
def test_a_page_is_one_file_that_reaches_for_nothing(made, pipeline):
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()))
    shown = Page(html)
    assert {tag for tag, _ in shown.tags} & {"img", "iframe", "base", "object"} == set()
    icon, *links = shown.attributes("href")
    assert icon == "data:,", "an empty one: else a browser asks the page's server for /favicon.ico"
    assert all(link.startswith("#") for link in links) and shown.attributes("src") == []
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    assert shown.crossed == [], "a tag is closed that was not the last to be opened"
    assert len(html) < 1_500_000
    assert html == night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]())), "not the same twice"


def test_what_data_says_is_shown_and_never_acts(made):
    record = made()
    record["warnings"] = ["<script>alert(1)</script> \u202eevil"]
    page = figures.page("mrhealth_sales", figures.sales())
    page["quarantine"][0]["detail"] = "'\"><img src=x onerror=alert(1)>"
    html = night.html(record, page)
    tags = Page(html).tags
    assert sum(tag == "script" for tag, _ in tags) == 1 and not any(
        tag in {"img", "b"} and "src" in a for tag, a in tags
    )
    assert not [name for _, given in tags for name in given if name.startswith("on")]
    assert "\u202e" not in html and r"\u202eevil" in html
    assert "<b>Norte</b>" not in html


def test_money_and_numbers_are_written_as_each_language_writes_them():
    assert formats.both(1234567.5, "brl") == ("R$\u00a01.234.567,50", "R$\u00a01,234,567.50")
    assert formats.both(-3.25, "brl") == ("-R$\u00a03,25", "-R$\u00a03.25")
    assert formats.both(0.1234, "share") == ("12,3%", "12.3%")
    assert formats.both("2026-01-04", "day") == ("04/01/2026", "4 Jan 2026")
    assert formats.both("2026-01-05T03:20:00+00:00", "moment", "America/Sao_Paulo")[0] == "05/01/2026 00:20"
    assert formats.both(4021, "duration") == ("1 h 07 min",) * 2
    assert formats.both(1_500_000, "compact_brl") == ("R$\u00a01,5 mi", "R$\u00a01.5M")
    assert formats.both(None, "brl") == (formats.NONE,) * 2


@pytest.mark.parametrize(
    ("value", "kind", "portuguese"),
    [(81.25, "n1", "81,3"), (12.5, "int", "13"), (-2.5, "int", "-3"), (1.005, "brl", "R$\u00a01,01"),
     (0.125, "share0", "13%"),
     (0.285, "share0", "29%"), (-0.001, "brl", "R$\u00a00,00"), (0.004, "change", "0%"), (-0.004, "change", "0%"),
     (1250, "compact", "1,3 mil"), (1.2, "compact_usd", "US$\u00a01,20"), (0.0045, "compact_usd", "US$\u00a00,0045"),
     (2, "compact_usd", "US$\u00a02"), (0.4, "compact", "0,4"), (1e300, "int", None), (float("inf"), "brl", None)],
)  # fmt: skip
def test_numbers_are_rounded_as_a_spreadsheet_rounds_them(value, kind, portuguese):
    shown, _ = formats.both(value, kind)
    assert shown and portuguese in {shown, None}


@pytest.mark.parametrize("pipeline", ALL)
def test_every_portuguese_text_has_its_english(made, pipeline):
    """Of the words that only Portuguese has: a sentence that was forgotten shows by one of them."""
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()))
    english = re.sub(r'<(\w+)([^>]*?) data-en="([^"]*)"([^>]*)>[^<]*', r"<\1\2\4>\3", html)
    left = " ".join(Page(english).texts)
    assert re.findall(r"\b(?:não|são|das|dos|dia|noite|linhas|unidade|com os|pelo)\b", left) == []


def test_a_failed_night_has_its_cause_and_a_command_for_the_place(made):
    card = cards.observed("job_silver", Cause.DATA, "orders: 12 of 20 rows were refused.")
    card |= {"tail": ["line 1", "line 2"], "tail_of": "stdout"}
    failed = [*TIMES[:4], entry("job_silver", "failed", **{k: v for k, v in card.items() if k != "task"}), PROOF]
    record = made(entries=failed, states={**dict.fromkeys(TASKS, "success"), "job_silver": "failed", "publish": None})
    assert record["outcome"] == "failed"
    assert cures.command(record, cures.CLI) is None, "what was run is not known"
    own = "./nightshift run mrhealth_sales --input 'my files' --date 2026-01-04"
    record["failure"]["next_action"] = causes.advice(record["failure"]["next_action"], f"run `{own}` again")
    here = night.html(record)
    assert "orders: 12 of 20 rows were refused." in here and "line 2" in here
    assert "task publish is" not in here, "what did not run is on the time line, and no warning"
    assert cures.command(record, cures.CLI) is None, "the advice quotes it"
    assert here.count("./nightshift run mrhealth_sales") == 1 and not [text for text in Page(here).texts if "`" in text]
    assert "<code>./nightshift run mrhealth_sales --input &#39;my files&#39; --date 2026-01-04</code>" in here
    assert "Nada foi publicado nesta noite" in here
    record["failure"]["message"] = "Step silver is FAILED: OutOfMemoryError: Java heap space"
    shown = night.html(record)
    assert 'data-en="Step silver is FAILED: the job ran out of memory">O passo silver falhou: faltou memória' in shown
    assert '<q lang="en">OutOfMemoryError: Java heap space</q></blockquote>' in shown


def test_the_average_order_says_of_what_it_is_the_average(made):
    html = night.html(made(), figures.page("mrhealth_sales", figures.FIGURES["mrhealth_sales"]()))
    tile = html[html.index("Valor médio do pedido") :].partition("</div>")[0]
    assert "valor bruto, todos os pedidos" in tile and "gross value, all orders" in tile


def test_an_alert_stands_in_both_languages_on_the_sales_page_and_on_a_run_page_without_results(made):
    record, sales = made(), figures.FIGURES["mrhealth_sales"]()
    record["layers"][-1]["alerts"] = {
        "total": 1,
        "told": [f"critical: {sales['alerts'][0]['message']}"],
        "unjudged": None,
    }
    for html in (night.html(record, figures.page("mrhealth_sales", sales)), night.html(record)):
        assert "unidade 2: vendas de 120,25 em 04/01/2026" in html and "unit 2: sales of 120.25 on 2026-01-04" in html


def failed(record, cause, next_action=None, task="publish", **others):
    card = cards.observed(task, cause, "It fell.", next_action)
    return {**record, "outcome": "failed", "failure": {**card, "also": [], "text": []}, **others}


@pytest.mark.parametrize(("place", "aws"), [(cures.CLI, ""), (cures.UI, ""), (cures.AIRFLOW, "--aws ")])
def test_a_leak_is_cured_by_the_reaper_of_the_place(made, place, aws):
    command = cures.command(failed(made(), Cause.LEAK), place)["command"]
    assert command.startswith(f"./nightshift reap {aws}--run mrhealth_sales/manual__")


@pytest.mark.parametrize("place", [cures.UI, cures.AIRFLOW])
def test_in_airflow_one_run_is_cleared_by_clicks_and_no_command_clears_every_run(made, place):
    record = failed(made(), Cause.CODE)
    for words in cures.command(record, place)["words"]:
        assert {record["run_id"], "mrhealth_sales", "publish", "Downstream", "Past", "Future"} <= set(
            re.findall(r"[\w+:-]+", words)
        )
    html = night.html(record, place=place)
    assert "tasks clear" not in html and cures.command(record, place)["words"][1] in html
    assert cures.command(record, cures.CLI) is None


@pytest.mark.parametrize(
    "advice", [errors.EncodingRefused("x", "cp1252").next_action, errors.ParameterError.next_action]
)
def test_a_run_whose_parameters_must_change_is_not_cleared(made, advice):
    record = failed(made(), Cause.DATA, advice)
    assert cures.command(record, cures.AIRFLOW) is None
    assert "Downstream" not in night.html(record, place=cures.AIRFLOW)


def test_a_backfill_is_run_again_as_a_whole(made):
    own, days = "./nightshift backfill wordcount --first 2026-01-01", ["2026-01-02", "2026-01-03"]
    record = failed(made(), Cause.DATA, errors.DaysFailed.next_action, days=days, dag_id="backfill_wordcount")
    pt, en = cures.command(record, cures.AIRFLOW)["words"]
    assert "trigger backfill_wordcount again, with first 2026-01-02, last 2026-01-03" in en and "dispare" in pt
    record["failure"]["next_action"] = causes.advice(errors.DaysFailed.next_action, f"run `{own}` again")
    assert cures.command(record, cures.CLI) is None and f"<code>{own}</code>" in night.html(record)


def test_rows_that_do_not_add_up_have_no_tick(made):
    record = made()
    assert all(count["whole"] for count in night.counts(record))
    record["layers"][0]["tables"][0]["accepted"] -= 1
    assert [count["whole"] for count in night.counts(record)] == [False, True, True]
    assert "não" in night.html(record)


def test_the_time_line_has_the_groups_in_their_order_beside_the_median_of_good_nights(made):
    nights = [history.summary(made(day=day)) for day in (1, 2, 3)]
    for each, seconds in zip(nights, (10.0, 30.0, 500.0), strict=True):
        each["groups"]["compute"] = seconds
    nights[2]["outcome"] = "failed"
    segments = night.segments(made(), nights)
    assert [segment.name[1] for segment in segments] == [
        "Prepare",
        "Compute",
        "Check and publish",
        "Teardown",
        "Report",
    ]
    assert segments[1].usual == 20.0
    assert all(one.start <= other.start for one, other in pairwise(segments))


def test_what_ran_before_there_was_a_ledger_is_time_of_preparing(made):
    record = made()
    begun = datetime.fromisoformat(record["started_at"])
    seen = [(task, begun + timedelta(seconds=seconds)) for task, seconds in (("apply_transient", 30), ("job_gold", 40))]
    times = {t: {"state": "success", "started_at": f"{at}", "ended_at": f"{at + timedelta(0, 9)}"} for t, at in seen}
    unseen = {"state": "success", "started_at": None, "ended_at": None}
    first = {**record, "tasks": {"preflight": unseen, **times}}
    assert history.spans(first)["prepare"] == (0, 39)
    assert history.spans({**first, "tasks": {"hold_cost": {**unseen, "state": "skipped"}, **times}})["prepare"] == (
        30,
        39,
    )


@pytest.mark.parametrize("pipeline", ALL)
def test_a_task_is_in_the_group_of_its_box_in_airflow(pipeline):
    dag = night_dag(PIPELINES[pipeline], Settings(name="acme-night"), None)
    boxes = {task.task_id: task.task_group.group_id for task in dag.tasks}
    assert boxes == {task: str(history.GROUP_OF.get(task, "compute")) for task in boxes}
    assert {*Task} <= history.GROUP_OF.keys()


@pytest.mark.parametrize(("common", "shown"), [(figures.COMMON, True), ((("lua", 66), ("mar", 2)), False)])
def test_the_switch_of_the_stop_words_is_shown_where_there_are_some(made, monkeypatch, common, shown):
    monkeypatch.setattr(figures, "COMMON", common)
    html = night.html(made("wordcount"), figures.page("wordcount", figures.words()))
    assert ('<label><input type="checkbox" data-stop-words' in html) == shown
    assert ('<label hidden><input type="checkbox" data-stop-words' in html) == (not shown)


def test_a_page_compares_itself_with_thirty_earlier_nights_at_most_and_not_with_itself(made):
    record = made()
    nights = [
        {**history.summary(record), "run_id": f"r{n}", "ended_at": f"2025-11-{n % 28 + 1:02}T00:{n:02}"}
        for n in range(45)
    ]
    later = {**nights[0], "run_id": "later", "ended_at": "2027"}
    old = {key: value for key, value in nights[0].items() if key != "groups"}
    before = history.nights_before(record, [*nights, history.summary(record), later, {**old, "run_id": "old"}])
    assert len(before) == history.MOST_NIGHTS
    assert not {record["run_id"], "later", "old"} & {each["run_id"] for each in before}


def test_the_costs_are_in_the_order_of_the_business_dates_with_their_years(made):
    record = made()
    dates = {"2025-12-29": "2026-01-03", "2025-11-28": "2026-01-04"}  # the business date that ran on which day
    nights = [{**history.summary(record), "business_date": day, "ended_at": ended} for day, ended in dates.items()]
    costs = night.costs(record, nights)
    assert [day for day, _ in costs["rows"]] == ["2025-11-28", "2025-12-29", "2026-01-04"]
    assert re.findall(r">(\d\d/\d\d/\d\d)<", costs["chart"]) == ["28/11/25", "29/12/25", "04/01/26"]
    assert [pt for pt, _ in formats.days(["2026-01-04", "2026-01-05"])] == ["04/01", "05/01"]


@pytest.mark.parametrize(("limit", "drawn"), [(0.6, True), (2.0, True), (40.0, False), (None, False)])
def test_the_limit_is_a_line_in_the_chart_of_costs_unless_it_would_flatten_the_bars(made, limit, drawn):
    record = made()
    record["cost"] |= {"measured": 1.0, "limit": limit}
    earlier = [{**history.summary(record), "business_date": "2026-01-02", "usd": 0.5, "run_id": "r"}]
    chart = night.costs(record, earlier)["chart"]
    assert ('<line class="limit"' in chart) == (">Limite por noite</text>" in chart) == drawn
    if drawn:
        height = float(re.search(r'<line class="limit"[^>]* y1="([\d.]+)"', chart)[1])
        bars = [float(y) for y in re.findall(r'<rect[^>]* y="([\d.]+)"[^>]*class="rect reactive', chart)]
        assert len(bars) == 2 and (min(bars) < height) == (limit < 1.0)


AXES = charts.Axes(("Dia", "Day"), ("Peças", "Pieces"))


def drawings(html):
    """The charts of a page, without the small lines of its tables."""
    return re.findall(r'<svg class="chart".*?</svg>', html, re.DOTALL)


@pytest.mark.parametrize("pipeline", ALL)
def test_every_chart_says_in_both_languages_what_is_on_its_axes(made, pipeline):
    nights = [history.summary(made(pipeline, day=day)) for day in (1, 2, 3)]
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()), nights)
    assert len(drawings(html)) > 1
    for drawn in drawings(html):
        titles = re.search(r'<g class="titles">(.*?)</g>', drawn)[1]
        across, upright = re.findall(r"<text [^>]*>[^<]+</text>", titles)
        assert "data-en=" in across and "data-en=" in upright, titles
        assert "rotate(-90" in upright and "rotate" not in across
    assert '<g class="titles" />' not in html, "an empty group of a small line"


@pytest.mark.parametrize("pipeline", ALL)
def test_every_chart_has_its_figures_as_csv(made, pipeline):
    """Of each mark of a chart: the figure that its tooltip says is in a table that the chart's card gives as a file."""
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()))
    cards = [
        card
        for card in re.findall(r"<article.*?</article>", html, re.DOTALL)
        if 'class="chart"' in card or "tiles" in card
    ]
    assert len(cards) > 1
    for card in cards:
        given = "".join(_table(html, name) for name in set(re.findall(r'data-csv="([^"]+)"', card)))
        marks = {text.rpartition(": ")[2] for text in re.findall(r"<title[^>]*>([^<]+)</title>", card)}
        values = {re.sub(r"[^\d,.-]", "", text) for text in marks if not text.isdigit() or len(text) > 1}
        assert given and {v for v in values if v not in re.sub(r"[^\d,.<>-]", "", given)} == set(), card[:300]


def _table(html, name):
    return html.partition(f'<table id="{name}"')[2].partition("</table>")[0]


@pytest.mark.parametrize("pipeline", ALL)
def test_of_one_thing_no_page_says_several(made, pipeline):
    record = json.loads(json.dumps({**made(pipeline), "proof": {**made(pipeline)["proof"], "alive": ["cluster j-1"]}}))
    for gold in record["gold"]:
        gold["rows"] = 1
    record["layers"][0]["tables"][0]["waiting"] = 1
    day = {"table": "t", "since": "2026-01-02T03:20:00Z", "rows": 1, "before": {}, "after": {}, "words": "w"}
    html = night.html(
        {**record, "restated": [{**day, "day": "2026-01-01"}]}, figures.page(pipeline, figures.FIGURES[pipeline]())
    )
    nouns = re.findall(r'>1</data> <span[^>]*?(?: data-en="(\w+)[^"]*")?>(\w+)', html)
    assert len(nouns) > 3 and [pair for pair in nouns for noun in pair if noun.endswith(("s", "am"))] == []


def test_what_is_counted_has_no_decimals_among_the_hardest_hit(made):
    html = night.html(made("covid_hospitals"), figures.page("covid_hospitals", figures.covid()))
    assert ">402.113<" in _table(html, "extremes") and "402.113,0" not in html


@pytest.mark.parametrize("values", [[1, 2], [0, 0], [3, 1], [-3, 2], [5, None], [1, 1.5], [7, 12]])
def test_an_axis_of_counts_names_whole_numbers_only(values):
    labels, series = formats.days(["2025-12-30", "2025-12-31"]), [(("a", "b"), values)]
    for drawn in (charts.bars(labels, series, "int", AXES), charts.lines(labels, series, "int", AXES)):
        assert len(named(drawn)) > 1 and [text for text in named(drawn) if not re.fullmatch(r"-?\d+", text)] == []


@pytest.mark.parametrize("most", [3, 30, 4000, 31_000])
def test_a_logarithmic_axis_names_whole_numbers_only(most):
    texts = named(charts.points([(1, most), (2, 2), (most, 1)], ("a", "b"), AXES))
    assert len(texts) > 3 and [text for text in texts if not re.fullmatch(r"\d+( mil)?", text)] == []


def named(drawn):
    """What the axes of a chart name, but its days and titles."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    return [text for text in texts if "/" not in text and text not in {AXES.x[0], AXES.y[0]}]


def test_the_last_label_of_a_line_is_inside_the_drawing():
    drawn = charts.lines(formats.days(["2025-12-31", "2026-01-01"]), [(("a", "b"), [1, 2])], "int", AXES)
    left = float(re.search(r"translate\(([\d.]+)", drawn)[1])
    middle = max(float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>\d\d/\d\d/\d\d<', drawn))
    assert left + middle + charts.HALF_A_LABEL <= charts.WIDTH


def test_a_night_without_figures_says_why(made):
    html = night.html(made(), {"problem": "ValueError: too many"})
    assert "ValueError: too many" in html and 'id="results"' not in html
    assert 'id="results"' not in night.html(made(), None)


def test_a_backfills_page_has_the_figures_of_the_last_day_that_it_published(made):
    record, days = made(), ["2026-01-02", "2026-01-03", "2026-01-04"]
    gold = [{"table": "alerts", "rows": 1, "uri": f"s3://lake/gold/x/alerts/business_date={day}/"} for day in days[:2]]
    filled = {**record, "pipeline": "backfill_mrhealth_sales", "days": days, "gold": gold}
    assert products.figures_file(filled) == "2026-01-03/page.json"
    assert products.figures_file({**filled, "gold": []}) == products.figures_file(record) == "page.json"
    page = figures.page("mrhealth_sales", figures.sales(), business_date="2026-01-03")
    html = night.html(filled, page)
    assert 'id="revenue-days"' in html and "Of the last day that this backfill published" in html
    assert re.search(r'<section id="results">.*?value="2026-01-03"', html)


@pytest.fixture
def filled(made):
    """A backfill of three days, of which the last failed; the first two have rows and manifests of their own."""
    record, days = made(), ["2026-01-02", "2026-01-03", "2026-01-04"]
    uri = "s3://lake/gold/x/sales_by_branch_day/business_date={}/"
    gold = [
        {"table": "sales_by_branch_day", "rows": rows, "uri": uri.format(day)}
        for day, rows in zip(days[:2], (11, 12), strict=True)
    ]
    layers = [{**m, "business_date": day} for day in days[:2] for m in record["layers"]]
    names = {"pipeline": "backfill_mrhealth_sales", "dag_id": "backfill_mrhealth_sales"}
    return {**json.loads(json.dumps({**record, "layers": layers})), **names, "days": days, "gold": gold}


def test_a_backfills_table_is_that_of_one_filled_day(filled):
    shown = {
        "input": "s3://raw/3",
        "tables": {"sales_by_branch_day": {"columns": ["a"], "rows": [["x"]], "masked": []}},
    }
    (table,) = night.gold_tables(filled, shown, [], night.DEFAULT_ZONE)
    assert (table["rows"], table["uri"][-11:], table["others"]) == (12, "2026-01-03/", 1)
    assert table["age"].hours == night.age(filled, night.DEFAULT_ZONE).hours + 24 and table["limit"] is None
    for manifest in filled["layers"][:2]:
        manifest["tables"][0]["accepted"] = 777
    came, *layers, gold = night.lineage(filled, shown)
    assert came[1] == [("s3://raw/3", None)] and gold[1] == [("sales_by_branch_day", 12)]
    assert len(layers) == 2 and 777 not in {rows for _, parts in layers for _, rows in parts}


def test_a_backfills_page_has_the_refused_rows_of_its_days_with_the_day(filled):
    filled["layers"][0]["tables"][0]["quarantined"] = 1
    files = {
        f"2026-01-0{n}/page.json": {"business_date": f"2026-01-0{n}", "quarantine": [figures.refused(n)]}
        for n in (2, 4)
    }
    files["2026-01-03/page.json"] = {"business_date": "2026-01-03", "quarantine": []}
    page = products.figures(filled, files.get)
    assert [(row["day"], row["line"]) for row in page["quarantine"]] == [("2026-01-02", 7212), ("2026-01-04", 7214)]
    assert page["business_date"] == "2026-01-03"
    table = night.html(filled, page).partition('<table id="quarantine">')[2].partition("</table>")[0]
    assert 'value="2026-01-04" data-kind="day"' in table
    assert products.figures({**filled, "days": []}, {"page.json": {"n": 1}}.get) == {"n": 1}


def test_gold_that_is_older_than_its_limit_is_marked(made):
    record = made()
    assert 'class="late"' not in night.html(record)
    record["ended_at"] = "2026-01-09T03:00:00+00:00"
    assert 'class="late"' in night.html(record)


def test_restated_days_beyond_the_first_are_counted(made):
    day = {"table": "sales_by_branch_day", "since": "2026-01-02T03:20:00Z", "rows": 3, "before": {}, "after": {}}
    record = {**made(), "restated": [{**day, "day": "2026-01-01", "words": "w"}] * 60}
    html = night.html(record)
    assert html.count("linhas mudaram, com as mesmas somas") == night.MOST_DAYS_SHOWN == 40
    assert {("int", "40"), ("int", "60")} <= set(Page(html).figures)


@pytest.mark.parametrize(
    ("alerts", "unjudged", "tone"),
    [([], 0, "good"), ([], 50, ""), (["warning"], 2, "warn"), (["critical", "warning"], 0, "bad")],
)
def test_no_alert_is_good_only_if_all_could_be_judged(made, alerts, unjudged, tone):
    sales = figures.FIGURES["mrhealth_sales"]()
    told = [{**sales["alerts"][0], "severity": severity} for severity in alerts]
    sales |= {"alerts": told, "all_alerts": len(told), "not_judged": unjudged}
    tile = night.html(made(), figures.page("mrhealth_sales", sales)).partition("Alertas</span></dt>")[2][:400]
    assert tile.startswith(f'<dd class="{tone}">') and ("sem julgamento" in tile) == bool(unjudged)


def test_two_sums_of_money_have_two_names(made):
    html = night.html(made(), figures.page("mrhealth_sales", figures.FIGURES["mrhealth_sales"]()))
    products_table = html.partition('<table id="products">')[2].partition("</thead>")[0]
    assert "Venda de itens" in products_table and "Receita" not in products_table
    assert "which includes the delivery fee" in html


def test_a_page_survives_what_this_version_does_not_know(made):
    record = {**made(), "outcome": "half <b>done</b>"}
    html = night.html(record, {"tables": None, "quarantine": None, "figures": None})
    assert "half &lt;b&gt;done" in html
    assert "half &lt;b&gt;done" in shelf.html([(history.summary(record), "x")])


@pytest.mark.parametrize("pipeline", ALL)
def test_no_legend_names_a_colour_that_only_one_theme_has(made, pipeline):
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()))
    assert not re.findall(r"escuro é[^<\"]*|[Dd]ark is[^<\"]*", html)


def test_a_restated_day_has_its_figures_before_and_now(made):
    day = {"table": "sales_by_branch_day", "day": "2026-01-01", "since": "2026-01-02T03:20:00Z", "rows": 3}
    changed = {**day, "before": {"revenue": "10.50", "orders": "7"}, "after": {"revenue": "12.75", "orders": "7"}}
    record = {**made(), "restated": [{**changed, "words": "w"}, {**day, "before": {}, "after": {}, "words": "w"}]}
    table = night.html(record).partition('<table id="restated">')[2].partition("</table>")[0]
    rows = [re.findall(r">([^<>]*[^<>\s])<", row) for row in table.split("<tr>")[2:]]
    assert rows[0][-4:] == ["revenue", "R$\u00a010,50", "R$\u00a012,75", "02/01/2026 00:20"]
    assert "orders" not in table and rows[1][-3:] == ["3", "linhas mudaram, com as mesmas somas", "02/01/2026 00:20"]


def test_a_restated_figure_that_is_no_number_is_shown_as_it_is_written(made):
    day = {"table": "sales_by_branch_day", "day": "2026-01-01", "since": "2026-01-02T03:20:00Z", "rows": 3}
    changed = {**day, "before": {"newest": "2026-01-01"}, "after": {"newest": None}, "words": "w"}
    table = night.html({**made(), "restated": [changed]}).partition('<table id="restated">')[2]
    assert "2026-01-01" in table.partition("</table>")[0].partition("newest")[2]


@pytest.fixture
def presigned(settings, monkeypatch):
    """Puts a page into an S3 as `report` does; gives the link that a message has. localcloud lets no browser in."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    environment = {**NOBODY, "AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port())}
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    allowed = replace(settings, page_link_hours=1)
    s3 = clients.client(allowed, "s3")
    s3.create_bucket(Bucket=settings.bucket("lake"))

    def link(record, page):
        asked = datetime.fromisoformat(record["started_at"])
        run = run_context.from_run(allowed, PIPELINES[record["pipeline"]], record["run_id"], asked, {})
        s3.put_object(Bucket=settings.bucket("lake"), Key=f"{run.record_prefix}page.json", Body=json.dumps(page))
        night_page.keep(s3, run, record)
        return night_page.link(s3, run)

    yield link
    server.stop()


@pytest.mark.skipif(not browser.chromium(), reason="there is no chromium")
def test_the_pages_of_a_warned_and_of_a_restated_night_work_in_a_browser(made, presigned, tmp_path):
    """As tests/e2e shows of a good, a failed and a backfill night, whose products are others; one by its link."""
    warned, restated = made("covid_hospitals"), made("card_movements")
    doubt = "1 alerts report deliveries that are missing or could not be read"
    warned |= {"outcome": "success with warnings", "warnings": [doubt] * 2}
    day = {"table": "movimento_flat", "since": "2026-01-02T03:20:00Z", "rows": 3, "words": "w"}
    sums = {"before": {"amount": "10.50", "movements": "7"}, "after": {"amount": "12.75", "movements": "7"}}
    restated["restated"] = [{**day, **sums, "day": f"2026-01-0{n}"} for n in (1, 2, 3)]
    nights = [history.summary(made("card_movements", day=day)) for day in (1, 2, 3)]
    of_warned, of_restated = (figures.page(p, figures.FIGURES[p]()) for p in ("covid_hospitals", "card_movements"))
    of_warned["figures"]["totals"]["cases"] = 559_467_000_000
    reasons = (
        "empty_file",
        "missing_column",
        "not_utf8",
        "nul_byte",
        "unclosed_quote",
        "wrong_column_count",
        "bad_date",
    )
    warned["layers"][0]["tables"][0]["reasons"] = dict.fromkeys(reasons, 2)
    place = "s3://acme-night-raw/covid/2026/01/04/leito_ocupacao/leito_ocupacao_of_a_long_name.csv.gz"
    warned["warnings"] += [f"The input drifted from its contract: occupancy: cnes is missing (quarantine), in {place}."]
    columns = {f"column_{n}_of_a_wide_table": "decimal(18,2)" if n % 3 else "string" for n in range(42)}
    row = [1234567.25 if kind.startswith("decimal") else "Rio Grande do Norte" for kind in columns.values()]
    warned["layers"][-1]["gold"][0]["schema"] = columns
    wide = {"columns": [*columns], "rows": [row] * 3, "masked": []}
    of_warned["tables"][warned["layers"][-1]["gold"][0]["table"]] = wide
    of_warned["figures"]["cities"][0]["city"] = "Santa Rita " * 14
    file = tmp_path / "restated" / "index.html"
    file.parent.mkdir()
    file.write_text(night.html(restated, of_restated, nights))
    pages = (presigned(warned, of_warned), str(file))
    said = browser.play(paths.ROOT / "tests" / "pages_in_browser.py", str(tmp_path / "pictures"), *pages)
    assert [json.loads(line) for line in said.splitlines()] == [[], []]


def test_a_record_of_an_older_version_still_has_a_page(made):
    record = made()
    for key in ("restated", "days", "compute"):
        del record[key]
    for key in ("elsewhere", "limit"):
        del record["cost"][key]
    assert "nada ficou ligado" in night.html(
        record, None, [{**record, "run_id": "older", "ended_at": record["started_at"]}]
    )


def test_a_long_name_in_a_cell_has_the_room_of_a_sentence():
    """Else a phone breaks it into as many lines as the row is then tall, with all else that it shows empty."""
    folders = (paths.ROOT / "plugins" / "nightshift" / "pages" / "templates", paths.ROOT / "pipelines")
    texts = [file.read_text(encoding="utf-8") for folder in folders for file in folder.rglob("*.html")]
    assert len(texts) > 8 and not any("<td><code>" in text for text in texts)


def test_the_list_of_nights_links_each_page(made):
    rows = [(history.summary(made(day=day)), f"runs/{day}/index.html") for day in (3, 2)]
    shown = Page(shelf.html(rows))
    assert [link for link in shown.attributes("href") if link.startswith("runs/")] == [
        "runs/3/index.html",
        "runs/3/index.html",
        "runs/2/index.html",
    ]


def test_a_chain_of_a_hundred_branches_fits_into_page_json_and_the_page_says_how_many_are_left_out(made):
    units = {n: f"Mr. Health - Unidade de nome comprido número {n}" for n in range(1, 101)}
    page = figures.page("mrhealth_sales", figures.sales(units, days=56))
    text = page_job.fitted(page)
    assert len(text.encode()) <= page_job.MOST_BYTES and json.loads(text)["figures"] == page["figures"]
    shown = Page(night.html(made(), page))
    assert ("int", "60") in shown.figures and ("int", "100") in shown.figures


def test_a_page_json_that_would_be_too_large_loses_rows_first_and_then_figures():
    table = {"columns": ["a"], "masked": [], "rows": [["x" * 150_000]] * 2, "total": 2}
    page = {"business_date": "2026-01-04", "tables": {"t": table}, "figures": {"n": 7}}
    assert json.loads(page_job.fitted(page)) == {**page, "tables": {"t": {**table, "rows": []}}}
    fitted = json.loads(page_job.fitted({**page, "figures": {"n": "x" * 250_000}}))
    assert fitted == {"business_date": "2026-01-04", "problem": "the figures are too large"}


@pytest.mark.parametrize("pipeline", ALL)
def test_controls_are_named_headings_in_order_and_tables_have_heads(made, pipeline):
    html = night.html(made(pipeline), figures.page(pipeline, figures.FIGURES[pipeline]()))
    shown = Page(html)
    assert all(
        "label" in html[: html.index(f'data-choose="{name}"')][-250:] for name in set(shown.attributes("data-choose"))
    )
    ids = shown.attributes("id")
    assert len(ids) == len(set(ids)), "an id occurs twice"
    assert set(shown.attributes("data-csv")) <= set(ids)
    assert html.count("<table") == html.count("<thead>")
    levels = [int(tag[1]) for tag, _ in shown.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def _luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_the_contrast_of_wcag_aa_in_light_and_dark(made):
    style = re.search(r"<style>(.*?)</style>", night.html(made()), re.DOTALL)[1]
    for theme in (style[: style.index("@media")], style[style.index(":root[data-theme=dark]") :]):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme.split("\n}\n")[0]))
        pairs = [*product(("ink", "soft", "accent", "good", "warn", "bad"), ("card", "paper"))]
        pairs += [(name, f"{name}-soft") for name in ("good", "warn", "bad", "calm", "accent")]
        pairs += [("soft", "hover"), *product(("ink",), ("h0", "h1", "h2", "h3"))]
        low = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
        assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
