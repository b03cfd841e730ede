"""The plugin's app as Airflow's web server asks it: who may see what, how much it reads, and that text stays text."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.app import get_auth_manager
from botocore.exceptions import ClientError, EndpointConnectionError

import nightshift_ui
from nightshift.failures.errors import SettingsError
from nightshift.report import night_index
from nightshift.web import app as web
from nightshift.web.words import PT, of
from tests.nightshift.records import record

PAGES = ("home", "nights", "money", "alive", "products", "dictionary", "dag")
EVIL = "<script>alert(1)</script>\u202e\"'"
LINES = {"table": "lines", "rows_in": 5, "accepted": 4, "quarantined": 1, "duplicates": 0}
RUN = {"dag_id": "wordcount", "run_id": "scheduled__3"}
DATA = ("/fragment/home", "/fragment/dag", "/fragment/run", "/page", "/record", "/gold", "/compute", "/log")


def whole_record(**over):
    return record(
        3,
        layers=[{"layer": "bronze", "tables": [LINES]}],
        steps=[],
        **over,
    )


@pytest.fixture
def refusing(server, monkeypatch):
    """Airflow's auth manager from now on lets nobody read a DAG."""

    def refuse(dag_id):
        may = lambda *, details=None, **_: details is None or details.id != dag_id  # noqa: E731
        monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", may)

    return refuse


@pytest.fixture
def now(monkeypatch):
    """Time stands still: no day and no month ends between a record and its page."""
    moment = datetime.now(UTC)
    monkeypatch.setattr(web, "datetime", SimpleNamespace(now=lambda _zone: moment))
    return moment


@pytest.mark.parametrize("path", DATA)
def test_nobody_reads_anything_without_signing_in(server, lake, path):
    answer = server(role=None).get(f"/nightshift{path}", params={**RUN, "task_id": "job_wordcount"})
    assert (answer.status_code, "wordcount" in answer.text) == (401, False)


@pytest.mark.parametrize("path", DATA)
def test_a_dag_that_airflow_does_not_let_the_user_read_is_refused(server, lake, keep, put, refusing, path):
    keep(record(3), record(3, dag="mrhealth_sales"))
    put("wordcount", "scheduled__3", "record.json", json.dumps(whole_record()))
    refusing("wordcount")
    answer = server().get(f"/nightshift{path}", params={**RUN, "task_id": "job_wordcount"})
    assert answer.status_code == 403
    everything = server().get("/nightshift/fragment/nights")
    assert everything.status_code == 200
    assert ("MrHealth" in everything.text, "WordCount" in everything.text) == (True, False)


@pytest.mark.parametrize("path", ["/fragment/nights", "/record"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_only_reads(server, lake, path, method):
    assert getattr(server("ADMIN"), method)(f"/nightshift{path}", params=RUN).status_code == 405


def test_a_page_reads_one_object_after_10_runs_as_after_2000(server, lake, keep, calls):
    reads = {}
    for runs in (10, 2000):
        keep(*(record(number) for number in range(runs)))
        for name in PAGES:
            calls.clear()
            assert server().get(f"/nightshift/fragment/{name}", params={"dag_id": "wordcount"}).status_code == 200
            reads[runs, name] = list(calls)
    assert set(map(tuple, reads.values())) == {("GetObject",)}


def test_before_the_first_night_every_page_is_there(server, lake):
    for name in PAGES:
        answer = server().get(f"/nightshift/fragment/{name}", params={"dag_id": "wordcount"})
        assert answer.status_code == 200, name
    assert "No night yet" in server().get("/nightshift/fragment/home").text


def test_the_home_strip_says_what_happened_what_is_alive_what_is_old_and_what_it_cost(server, lake, keep, now):
    started = now.isoformat()
    alive = {"alive": ["cluster j-1"]}
    said = "Step silver is FAILED: OutOfMemoryError: Java heap space"
    failure = {"task": "job_silver", "cause": "capacity", "message": said}
    keep(
        record(2, ended_at="2026-01-04T00:00:00+00:00"),
        record(3, started_at=started, gold=[], outcome="failed", proof=alive, failure=failure),
    )
    text = plain(server().get("/nightshift/fragment/home").text)
    assert re.search(r"Last night .*✗ WordCount 2026-01-04", text)
    assert "WordCount: cluster j-1" in text
    assert re.search(r"wordcount\.word_counts: [0-9.,]+ days", text), "months are not told in hours"
    assert "This month US$ 0.50 1 night Money" in text
    latest = plain(server().get("/nightshift/fragment/nights?lang=pt-BR").text)
    assert "O passo silver falhou: faltou memória ao job OutOfMemoryError: Java heap space" in latest


@pytest.mark.parametrize(("kept", "where"), [("", "--aws "), ("/x", "")])
def test_what_is_alive_has_the_command_that_ends_it(server, lake, keep, settings, monkeypatch, kept, where):
    monkeypatch.setattr(web, "_settings", lambda: replace(settings, kept_dir=kept))
    keep(record(3, proof={"alive": ["cluster j-1"]}))
    html = server().get("/nightshift/fragment/alive").text
    assert f"<code>./nightshift reap {where}--run wordcount/scheduled__3</code>" in html


def test_drift_has_a_row_of_its_own_on_the_nights_and_on_home_while_there_is_some(server, lake, keep, settings):
    keep(record(1))
    assert "differs" not in server().get("/nightshift/fragment/nights").text
    assert night_index.keep_drift(settings, [{"since": "2026-01-05"}, {"since": "2026-01-03"}], "2026-01-06T07:00Z")
    for page in ("nights", "home"):
        text = plain(server().get(f"/nightshift/fragment/{page}").text)
        assert "the foundation differs from its terraform: 2 attributes since 2026-01-03" in text
    portuguese = plain(server().get("/nightshift/fragment/nights?lang=pt-BR").text)
    assert "a fundação difere do seu terraform: 2 atributos desde 03/01/2026" in portuguese


def test_the_nights_are_a_product_by_its_dates_and_a_backfill_fills_its_days(server, lake, keep, now):
    days = web.View({"nights": {}}, (), now, 1, "America/Sao_Paulo").dates(30)
    keep(
        record(1, business_date=days[-1], outcome="success with warnings", started_at=f"{days[-1]}T03:00:00+00:00"),
        record(2, dag="backfill_wordcount", business_date=days[-4], days=days[-4:-1], gold=[]),
    )
    html = server().get("/nightshift/fragment/nights").text
    assert f"business dates {days[0]} \N{EN DASH} {days[-1]}" in plain(html)
    row = html[html.index("WordCount") :].partition("</tr>")[0]
    assert re.findall(r">([✓!✗·])<", row)[-5:] == ["·", "✓", "✓", "✓", "!"]
    assert f'title="{days[-1]}: success with warnings, US$\u00a00.50"' in row


def test_a_night_of_today_s_date_is_among_the_dates_and_an_unknown_outcome_is_shown_as_written(server, lake, keep):
    before = web.View({"nights": {}}, (), web.datetime.now(web.UTC), 1, "America/Sao_Paulo")
    keep(record(1, business_date=str(before.today), outcome="half done"))
    html = server().get("/nightshift/fragment/nights").text
    assert f"{before.dates(29)[0]} \N{EN DASH} {before.today}" in plain(html)
    assert re.findall(r">([✓!✗·?])<", html[html.index("WordCount") :].partition("</tr>")[0])[-2:] == ["·", "?"]
    for name in PAGES:
        assert server().get(f"/nightshift/fragment/{name}", params={"dag_id": "wordcount"}).status_code == 200, name


def test_a_command_in_advice_or_a_warning_is_set_as_code(server, lake, put):
    failure = {"task": "x", "cause": "data", "message": "Run `reap` first.", "tail": []}
    body = whole_record(
        outcome="failed",
        failure={**failure, "next_action": "Then run `./nightshift reap --run a/<b>` again."},
        warnings=["See `docs`."],
    )
    put("wordcount", "scheduled__3", "record.json", json.dumps(body))
    html = server().get("/nightshift/fragment/run", params=RUN).text
    assert "run <code>./nightshift reap --run a/&lt;b&gt;</code> again" in html
    assert "<code>reap</code>" in html and "<code>docs</code>" in html and "`" not in plain(html)


def test_the_bars_of_the_dearest_nights_stand_under_what_their_length_is(server, lake, keep):
    keep(record(1), record(2, cost={"measured": 12.5, "estimate": 1, "shape": "4", "seconds": {}}))
    text = plain(server().get("/nightshift/fragment/money?lang=pt-BR").text).replace("\N{NO-BREAK SPACE}", " ")
    assert "Medido, 0 \N{EN DASH} US$ 12,50" in text


def test_the_page_of_a_dag_says_what_its_next_night_is_expected_to_cost(server, lake, keep):
    def shown(language="en"):
        return plain(server().get(f"/nightshift/fragment/dag?dag_id=wordcount&lang={language}").text)

    cost, on = {"estimate": 1, "shape": "4", "seconds": {"billed": 1200}}, {"target": "emr"}
    nights = [record(n, cost={**cost, "measured": 0.5 + n / 10}, compute=on) for n in range(5)]
    keep(*nights[:4])
    assert "expected to cost" not in shown(), "four nights are too few"
    keep(*nights)
    assert (
        "The next night is expected to cost US$ 0.70, 20 min; nine of ten up to US$ 0.86, 20 min (5 nights)" in shown()
    )
    assert "A próxima noite deve custar US$ 0,70, 20 min; nove em cada dez até" in shown("pt-BR")


def test_the_tab_of_a_dag_has_the_page_of_its_latest_night_that_did_not_fail(server, lake, keep):
    def shown():
        return server().get("/nightshift/fragment/dag?dag_id=wordcount&lang=pt-BR").text

    keep(record(1, outcome="failed"))
    assert "<iframe" not in shown()
    keep(record(1), record(2, outcome="success with warnings"), record(3, outcome="failed"))
    [run] = re.findall(r'<iframe src="[^"]*run_id=([^"&]+)&amp;lang=pt-BR"', shown())
    assert run == record(2)["run_id"] and "Página da última noite" in shown()


def test_a_product_of_another_deployment_or_a_foreign_dag_has_no_nights(server, lake, keep):
    keep(record(3))
    text = server().get("/nightshift/fragment/dag", params={"dag_id": "reaper"}).text
    assert "This DAG makes no data product." in text


def test_text_of_the_data_never_becomes_markup(server, lake, keep, put):
    failure = {"task": EVIL, "cause": EVIL, "message": EVIL}
    keep(record(3, outcome="failed", failure=failure, proof={"alive": [EVIL]}))
    card = {**failure, "next_action": EVIL, "tail": [EVIL]}
    body = whole_record(outcome="failed", failure=card, warnings=[EVIL], proof={"alive": [EVIL]})
    put("wordcount", "scheduled__3", "record.json", json.dumps(body))
    for name in (*PAGES, "run"):
        html = server().get(f"/nightshift/fragment/{name}", params={**RUN, "lang": EVIL}).text
        assert "<script" not in html and "\u202e" not in html, name
    assert "&lt;script&gt;" in html


def test_a_run_shows_its_record_until_its_page_is_there(server, lake, put):
    waits = server().get("/nightshift/fragment/run", params=RUN)
    assert (waits.status_code, "No report of this run yet" in waits.text) == (200, True)
    put("wordcount", "scheduled__3", "record.json", json.dumps(whole_record()))
    assert "wordcount 2026-01-04: success" in plain(server().get("/nightshift/fragment/run", params=RUN).text)
    assert server().get("/nightshift/record", params=RUN).json()["outcome"] == "success"
    assert "word_counts" in server().get("/nightshift/gold", params=RUN).text
    put("wordcount", "scheduled__3", "index.html", "<h1>a night</h1><script>1</script>")
    frame = server().get("/nightshift/fragment/run", params=RUN).text
    assert 'src="nightshift/page?dag_id=wordcount&amp;run_id=scheduled__3&amp;lang=en" sandbox="allow-scripts' in frame
    here = {**RUN, "lang": "pt", "theme": "dark"}
    assert "&amp;lang=pt-BR&amp;theme=dark" in server().get("/nightshift/fragment/run", params=here).text
    page = server().get("/nightshift/page", params=RUN)
    assert page.text.startswith("<h1>a night</h1>")
    rules = page.headers["Content-Security-Policy"]
    assert rules.startswith("sandbox allow-scripts") and "allow-same-origin" not in rules
    assert "default-src 'none'" in rules


@pytest.mark.parametrize("dag_id", ["../index.json?", "~", "wordcount/x", "a b", "", "w" * 300])
def test_a_dag_id_that_is_none_is_refused(server, lake, dag_id):
    assert server().get("/nightshift/record", params={**RUN, "dag_id": dag_id}).status_code == 422


def test_of_two_dag_ids_the_one_that_was_authorised_is_shown(server, lake, put, refusing):
    put("secret_dag", "scheduled__3", "record.json", json.dumps({"secret": 1}))
    refusing("secret_dag")
    for order in (("secret_dag", "wordcount"), ("wordcount", "secret_dag")):
        answer = server().get("/nightshift/record", params={"run_id": "scheduled__3", "dag_id": list(order)})
        assert answer.status_code in {403, 404} and "secret" not in answer.text


def test_the_log_and_the_compute_of_a_run_come_from_the_service(server, lake, settings, monkeypatch):
    job = {"target": "emr", "place_id": "j-1", "job_id": "s-1"}
    pushed = {"wait_for_compute": {"target": "emr", "id": "j-1"}, "job_wordcount": job}
    monkeypatch.setattr(web, "_xcom", lambda _dag, _run, task, _key="return_value": pushed.get(task))
    log = {"task_id": "job_wordcount"}
    assert "no log yet" in server().get("/nightshift/log", params={**RUN, **log}).text
    body = gzip.compress(b"line one\nline \x1b[31mtwo\n")
    lake.put_object(Bucket=settings.bucket("logs"), Key="emr/j-1/steps/s-1/stderr.gz", Body=body)
    answer = server().get("/nightshift/log", params={**RUN, **log})
    assert answer.text == "===== stderr =====\nline one\nline \\x1b[31mtwo"
    assert answer.headers["content-type"].startswith("text/plain")
    place = SimpleNamespace(id="j-1", name="n", words="WAITING", why="", created_at=None, ready_at=None, ended_at=None)
    monkeypatch.setattr(web.targets, "named", lambda *_: SimpleNamespace(place=lambda _id: place))
    assert "WAITING" in server().get("/nightshift/compute", params=RUN).text
    assert server().get("/nightshift/log", params={**RUN, "task_id": "audit"}).status_code == 404


def test_the_pages_speak_the_readers_language(server, lake, keep):
    keep(record(3))
    for tag, words in (("pt-BR", "Última noite"), ("pt", "Última noite"), ("en", "Last night"), ("xx", "Last night")):
        assert words in server().get("/nightshift/fragment/home", params={"lang": tag}).text


def test_numbers_and_dates_are_written_in_the_readers_language(server, lake, keep, put):
    """Of every page: in Portuguese neither an ISO date nor a decimal point, in English no date of the other."""
    lines = [{**LINES, "rows_in": 12345, "accepted": 1_234_567}]
    costs = {"measured": 1.25, "estimate": 1234.5}
    whole = whole_record(cost=costs, gold=[{"table": "t", "uri": "s3://l/x/", "rows": 12345}])
    whole["layers"][0]["tables"] = lines
    keep(record(2), record(3, cost=costs), record(4, dag="backfill_wordcount", days=["2026-01-02", "2026-01-05"]))
    put("wordcount", "scheduled__3", "record.json", json.dumps(whole))
    paths = [*(f"fragment/{name}" for name in (*PAGES, "run")), "gold"]
    shown = {
        (path, lang): re.sub(
            r"decimal\(.*?\)", "", plain(server().get(f"/nightshift/{path}", params={**RUN, "lang": lang}).text)
        )
        for path in paths
        for lang in ("pt-BR", "en")
    }
    foreign = {"pt-BR": r"\b20\d\d-\d\d\b|\d\.\d\d?\b|\b\d{5,}\b", "en": r"\d/\d\d\d\d|\d,\d\d?\b|\b\d{5,}\b"}
    assert {key: found for key, text in shown.items() if (found := re.findall(foreign[key[1]], text))} == {}
    assert "04/01/2026" in shown["fragment/run", "pt-BR"] and "US$ 1.234,50" in shown["fragment/run", "pt-BR"]
    assert "01/2026" in shown["fragment/money", "pt-BR"]
    assert re.search("02/01/2026 . 05/01/2026", shown["fragment/nights", "pt-BR"])


def test_a_night_of_unknown_cost_did_not_cost_nothing(server, lake, keep, now):
    started, nobody = now.isoformat(), {"measured": None, "estimate": None}
    keep(record(1, started_at=started, cost=nobody))
    for page in ("home", "money"):
        text = plain(server().get(f"/nightshift/fragment/{page}").text)
        assert "unknown 1 night, 1 of unknown cost" in text and "US$ 0.00" not in text
    keep(record(1, started_at=started, cost=nobody), record(2, started_at=started))
    assert "US$ 0,50 2 noites, 1 de custo" in plain(server().get("/nightshift/fragment/home?lang=pt-BR").text)


def test_pages_with_dollars_say_that_their_prices_are_old(server, lake, keep, settings, monkeypatch):
    monkeypatch.setattr(web, "_settings", lambda: replace(settings, prices_max_age_days=90))
    old = {"measured": 0.5, "estimate": 0.7, "shape": "4", "seconds": {"billed": 1200}, "prices_as_of": "2025-01-01"}
    keep(*(record(number, cost=old, compute={"target": "emr"}) for number in range(1, 7)))
    for page in ("money", "dag"):
        text = plain(server().get(f"/nightshift/fragment/{page}", params=RUN).text)
        assert "days old (2025-01-01): refresh them with make prices" in text, page
    text = plain(server().get("/nightshift/fragment/money", params={"lang": "pt-BR"}).text)
    assert "dias (2025-01-01): atualize-os com make prices" in text
    keep(record(9))
    assert "days old" not in plain(server().get("/nightshift/fragment/money").text), "a night of before has no date"


def test_a_page_by_itself_is_in_the_readers_language_though_its_link_names_none(server, lake, put):
    put("wordcount", "scheduled__3", "record.json", json.dumps(whole_record()))
    for accepted, words in (("pt-BR,pt;q=0.9,en;q=0.8", "Linhas"), ("de,en", "Rows"), ("", "Rows")):
        answer = server().get("/nightshift/gold", params=RUN, headers={"Accept-Language": accepted})
        assert words in answer.text
        assert '<script src="reader.js">' in answer.text
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "i18nextLng" in server(role=None).get("/nightshift/reader.js").text


@pytest.mark.parametrize("path", ["fragment/run", "gold", "record", "page", "compute", "log"])
def test_a_refusal_is_said_in_the_readers_language(server, lake, refusing, monkeypatch, path):
    monkeypatch.setattr(web, "_xcom", lambda *_: None)
    asked = {**RUN, "lang": "pt-BR", "task_id": "job_wordcount"}
    assert "entre no Airflow" in server(role=None).get(f"/nightshift/{path}", params=asked).text
    nothing = server().get(f"/nightshift/{path}", params=asked)
    assert nothing.headers["content-type"].startswith("text/html") and re.search(
        "Ainda|ainda|não terminou|Sem", nothing.text
    )
    refusing("wordcount")
    answer = server().get(f"/nightshift/{path}", params=asked)
    assert (answer.status_code, "Você não pode ler isto" in answer.text) == (403, True)


@pytest.mark.parametrize("path", ["fragment/nights", "fragment/run", "record"])
@pytest.mark.parametrize(
    ("came_back", "named"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:role/web"}}, "GetObject"),
            "(AccessDenied)",
        ),
        (EndpointConnectionError(endpoint_url="https://s3"), "(EndpointConnectionError)"),
        (SettingsError("NIGHTSHIFT_NAME is not set."), "NIGHTSHIFT_NAME is not set."),
    ],
)
def test_what_aws_does_not_give_is_named_with_what_to_do(server, lake, monkeypatch, path, came_back, named):
    def fail(*_):
        raise came_back

    monkeypatch.setattr(web.clients, "client", fail)
    answer = server().get(f"/nightshift/{path}", params={**RUN, "lang": "pt-BR"})
    said = plain(answer.text)
    assert (answer.status_code, named in said, "arn:" in said) == (424, True, False)
    assert ("a role dele precisa poder ler o lake" in said) == named.startswith("(")


def test_what_is_alive_and_what_was_left_each_say_that_there_is_none(server, lake, keep, monkeypatch):
    keep(record(3))
    monkeypatch.setattr(web, "_running", lambda _: [web.Running("wordcount", "manual__1", "running")])
    text = plain(server().get("/nightshift/fragment/alive?lang=pt-BR").text)
    assert "manual__1" in text and "Nada em execução" not in text
    assert "Nenhuma execução deixou nada para trás" in text


def test_what_a_contract_says_is_shown_in_the_readers_language(server, lake, keep):
    keep(record(3))
    for tag, words in (("pt-BR", "Quantas vezes cada palavra ocorre"), ("en", "How often each word occurs")):
        for page in ("dictionary", "products"):
            assert words in server().get(f"/nightshift/fragment/{page}", params={"lang": tag}).text


def test_a_script_is_served_for_each_page_and_nothing_else(server):
    for name in (*PAGES, "run"):
        answer = server(role=None).get(f"/nightshift/{name}.js")
        assert f"nightshift/fragment/{name}?" in answer.text
    assert server(role=None).get("/nightshift/other.js").status_code == 404
    assert server().get("/nightshift/fragment/other").status_code == 404


def test_the_sidebar_has_the_words_of_the_pages_in_both_languages():
    for english, portuguese in nightshift_ui.TITLES.values():
        assert of("pt-BR")(english) in {portuguese, english}
    assert {nightshift_ui.TITLES[name][0] for name in nightshift_ui.SIDEBAR} <= PT.keys()


def plain(html):
    """The text of a fragment."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.S)).replace(" : ", ": ")
