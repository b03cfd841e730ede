"""Every failure, piece of advice and doubt that the code writes in English has its Portuguese, with the same facts."""

import ast
import inspect
import json
import pkgutil
import re
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest

import nightshift
from medallion import errors as job_errors
from medallion import lake as jobs_lake
from medallion import notation, packing, quality
from mrhealth_sales.jobs import alerts, outlook
from mrhealth_sales.page import ALERTS
from nightshift.compute import cost, instances
from nightshift.compute.emr.client import NEXT as OF_EMR
from nightshift.compute.targets import TARGETS
from nightshift.config import LANGUAGES, Settings
from nightshift.contracts import drift
from nightshift.dag_factory import backfill_dag, drift_dag, night_dag, reaper_dag
from nightshift.failures import errors, steplog, symptoms
from nightshift.failures.causes import REMEDIES, TRIGGERED, Cause, advice
from nightshift.failures.portuguese import CATALOGUE, translated
from nightshift.failures.quoted import by_day, parted
from nightshift.infrastructure.drift import NOBODY, Difference
from nightshift.infrastructure.inventory import RESOURCE_FINDERS
from nightshift.inputs import text_encoding
from nightshift.lake import audit
from nightshift.pages import words
from nightshift.pipelines import BACKFILLS, PIPELINES, REGISTRY
from nightshift.reaper import verdict
from nightshift.report import outcome_rules, record, runbook, views
from nightshift.web.words import of
from tests.nightshift.findings import manifests
from tests.nightshift.test_steplog import CASES
from tools import paths

AGAIN = "run `./nightshift run wordcount --date 2026-01-04` again"
PLACE = "X7"
CODE = re.compile(r"(?:`[^`]*`(?:, )?)+")
ENGLISH = re.compile(r"\b(?:the|is|are|was|with|which|each|its|not|by|in|on|meaning|yes)\b(?! stated)")
SCANNED = sorted((paths.ROOT / "plugins" / "nightshift").rglob("*.py"))
JOBS = (paths.ROOT / "include" / "spark_jobs", paths.ROOT / "pipelines")
# Of these no page shows a message: with a setting or a package that is wrong there is no night.
WITHOUT_A_PAGE = {"SettingsError"}


def _subclasses(kind):
    return {kind.__name__} | {name for each in kind.__subclasses__() for name in _subclasses(each)}


for module in pkgutil.walk_packages(nightshift.__path__, "nightshift."):
    if module.name.split(".")[1] in {"failures", "state", "infrastructure", "compute"}:
        import_module(module.name)
KINDS = _subclasses(errors.NightshiftError) - WITHOUT_A_PAGE


def written(node):
    """A text of the code with PLACE for each value in it; None for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else PLACE for part in node.values)
    return None


def raised():
    """(where, message or advice) of every error that the code makes from a literal text."""
    for file in SCANNED:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in KINDS:
                for text in filter(None, map(written, node.args[:2])):
                    yield f"{file.name}:{node.lineno}", text


def stated():
    """(where, message) of every error by which a job states why it failed, with pipeline and date before it."""
    own = {name for name, kind in vars(job_errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    for file in sorted(file for home in JOBS for file in home.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in own and node.args:
                yield f"{file.name}:{node.lineno}", f"{PLACE} 2026-01-04: {written(node.args[0])}"


def advised():
    """(where, advice) of remedies, error classes, targets and the rest that a report may advise."""
    yield from ((cause, remedy.next_action) for cause, remedy in REMEDIES.items())
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__name__ in KINDS]
    yield from ((kind.__name__, kind.next_action) for kind in kinds if kind.next_action)
    for target in TARGETS.values():
        yield from ((target.name, text) for text in target.next_actions.values())
    yield from (("EMR", text) for text in OF_EMR.values())
    own = (errors.SchemaDrifted(PLACE, PLACE), errors.AuditFailed(PLACE, PLACE), errors.EncodingRefused(PLACE, PLACE))
    yield from ((type(error).__name__, error.next_action) for error in own)
    yield from (("step log", steplog.MORE_MEMORY), ("reaper", verdict.NEXT))
    yield from (pair for pair in raised() if TRIGGERED in pair[1])


KEPT = {"exception", "warning", "info", "note"}


def told():
    """(where, text) of every subject and line in the functions that notify the topic, but what they log."""
    for file in SCANNED:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            if "topic.publish" in ast.unparse(function):
                yield from ((f"{file.name}:{function.name}", text) for text in texts_in(function.body[1:]))


def texts_in(nodes):
    """The texts of some code, each whole, without what is logged or kept in the ledger."""
    for node in nodes:
        is_kept = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in KEPT
        text = written(node)
        if text and " " in text:
            yield text
        elif text is None and not is_kept:
            yield from texts_in(ast.iter_child_nodes(node))


def test_every_subject_and_line_that_the_topic_gets_has_its_portuguese():
    texts = [*told()]
    files = {where.partition(":")[0] for where, _ in texts}
    assert files >= {"drift.py", "freshness.py", "deadline.py", "heartbeat.py"}
    assert [pair for pair in texts if not same_facts(pair[1])] == []
    by_nobody = Difference("foundation", "aws_s3_bucket.raw", "tags", "1", "2", who=NOBODY)
    assert translated(str(by_nobody)).endswith("1 -> 2 (o CloudTrail não diz quem)")


def same_facts(english):
    portuguese_text = translated(english)
    return portuguese_text != english and portuguese_text.count(PLACE) == english.count(PLACE)


def test_every_message_that_an_error_is_raised_with_has_its_portuguese():
    texts = [(where, text) for where, text in raised() if text not in {"output", PLACE}]
    assert len(texts) > 50
    assert [pair for pair in texts if not same_facts(pair[1])] == []


def test_every_message_that_a_job_states_has_its_portuguese():
    texts = [*stated()]
    assert len(texts) > 30
    assert [pair for pair in texts if not same_facts(pair[1]) or parted(f"Step x is FAILED: {pair[1]}").quoted] == []


def test_every_known_symptom_says_in_both_languages_what_it_means():
    known = {each for each in vars(symptoms).values() if isinstance(each, symptoms.Symptom)}
    known |= {*symptoms.AWS, *symptoms.TERRAFORM, *symptoms.CLUSTER, *symptoms.STEP, *symptoms.CUT_SHORT}
    assert len(known) > 20
    assert [each.means for each in known if not same_facts(each.means)] == []


@pytest.mark.parametrize("case", CASES)
def test_what_spark_says_is_quoted_as_it_is_after_what_it_means(case):
    text = CASES[case][0]
    said = steplog.diagnose({"stdout": text.splitlines()}, "")[0]
    ours, quoted = parted(f"Step silver is FAILED: {said}")
    if steplog.MARK in text:
        assert (ours, quoted) == (f"Step silver is FAILED: {said}", ""), "a job's own words"
        return
    symptom = symptoms.first_in(said, symptoms.STEP)
    means = f": {translated(symptom.means)}" if symptom else ""
    assert (translated(ours), quoted) == (f"O passo silver falhou{means}", said)


@pytest.mark.parametrize(
    ("message", "ours", "quoted"),
    [
        (
            "terraform apply of transient ended with exit code 1: Error: creating EC2: Status Code: 403 (x)",
            "terraform apply de transient terminou com o código 1: falta uma permissão",
            "Error: creating EC2: Status Code: 403 (x)",
        ),
        (
            "An error occurred (ThrottlingException) when calling the RunJobFlow operation: Rate exceeded",
            "A AWS recusou RunJobFlow: um serviço da AWS está sobrecarregado ou falhou",
            "An error occurred (ThrottlingException) when calling the RunJobFlow operation: Rate exceeded",
        ),
        ("EMR failed.", "EMR failed.", ""),
    ],
)
def test_the_words_of_terraform_and_of_aws_are_quoted_too(message, ours, quoted):
    parts = parted(message)
    assert (translated(parts.ours), parts.quoted) == (ours, quoted)


def test_each_day_of_a_backfill_that_failed_has_its_own_part():
    message = (
        "3 of 4 days were not made: 2026-01-02: its step is FAILED: OutOfMemoryError: a; b: 1; 2026-01-03: "
        "bronze.lines: 50 of 50 rows were lost (undecodable); 2026-01-04: held by wordcount/x."
    )
    assert [(day, translated(ours), said) for day, (ours, said) in by_day(message)] == [
        ("", "3 de 4 dias não foram feitos", ""),
        ("2026-01-02", "o passo dele falhou: faltou memória ao job", "OutOfMemoryError: a; b: 1"),
        ("2026-01-03", "bronze.lines: 50 de 50 linhas foram perdidas (não decodificável)", ""),
        ("2026-01-04", "reservado por wordcount/x", ""),
    ]


@pytest.mark.parametrize("again", ["", AGAIN, "run it again"])
def test_every_advice_has_its_portuguese_with_the_command_of_the_place(again):
    for where, english in advised():
        here = advice(english, again)
        assert same_facts(here), where
        if again == AGAIN:
            assert not re.search(r"[Tt]rigger|[Cc]lear (?:the|this) task", here), f"{where} is of Airflow: {here}"
        assert not re.search(r"\b(?:the|then|again|clear the|with downstream)\b", translated(here)), translated(here)
        assert re.findall(r"`[^`]+`|NIGHTSHIFT_\w+", here) == re.findall(r"`[^`]+`|NIGHTSHIFT_\w+", translated(here))


def test_every_cause_has_a_name_in_both_languages():
    assert words.CAUSES.keys() == {*map(str, Cause)}
    assert of("pt-BR")("upstream") == words.CAUSES["upstream"][0] and of("en")("upstream") == "upstream"


def test_the_reasons_why_a_night_is_no_success_have_their_portuguese():
    pipeline, settings = PIPELINES["mrhealth_sales"], Settings(max_quarantine_share=0.1)
    whole = manifests(pipeline)
    bad = {"quarantined": 9, "lost": 9, "reasons": {"bad_date": 9}}
    broken = [{**m, "tables": [{**t, **bad} for t in m["tables"]], "alerts": {"grave": 2}} for m in whole]
    unread = [{**m, "tables": [{**t, "rows_in": 99} for t in m["tables"]]} for m in whole]
    gold = [{**whole[-1], "gold": [{**g, "rows": -1, "null_keys": 1, "duplicate_keys": 2} for g in whole[-1]["gold"]]}]
    found = [v for few in ([], broken, unread, gold) for v in audit.violations(pipeline, few, settings)]
    doubts = [*audit.shortfalls(broken, settings), *found]
    kinds = {re.sub(r"\d+|\S+\.\S+|\(.*\)", "", text) for text in doubts}
    assert len(kinds) > 6
    assert [text for text in doubts if translated(text) == text] == []
    made = [node for node in ast.walk(ast.parse(inspect.getsource(outcome_rules))) if isinstance(node, ast.Call)]
    doubt = [node.args[2] for node in made if getattr(node.func, "id", "") == "Doubt"]
    phrases = [text for node in doubt if (text := written(node))]
    assert len(phrases) > 5
    assert [text for text in (*phrases, record.BEGUN, record.NEVER_BEGUN) if translated(text) == text] == []


@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1"])
def test_whose_prices_a_cost_is_made_of_has_its_portuguese(region):
    settings = Settings(region=region)
    nowhere = instances.of(replace(settings, region="xx-nowhere-1")).source
    phrases = [nowhere, *(target(settings).prices()["prices"] for target in TARGETS.values())]
    assert [text for text in phrases if translated(text) == text] == []


def test_how_spot_was_priced_and_what_could_not_be_judged_have_their_portuguese():
    nodes = [SimpleNamespace(market=cost.SPOT, spot=price) for price in (0.1, None)]
    phrases = [cost.spot_words(nodes), cost.spot_words(nodes[:1])]
    phrases += [
        outlook._unjudged(3, 0, 9),
        outlook._unjudged(1, 1, 1),
        outlook._unjudged(0, 1_200, 1_300),
        outlook._unjudged(3, 4, 9),
    ]
    assert [text for text in phrases if translated(text) == text] == []
    assert not [text for text in phrases if re.search(r"\b(units|stock|nodes)\b", translated(text))]


def test_every_alert_of_a_night_has_its_portuguese():
    day, past = date(2026, 1, 5), [date(2026, 1, 5) - timedelta(days=n) for n in range(1, 57)]
    known = [alerts.UnitDay(d, 40, 1, Decimal(1000 + d.day), True, True) for d in past]
    own = alerts.UnitDay(day, 90, 60, Decimal(9), True, False)
    prices = [alerts.Price(5, past[0], Decimal(3)), alerts.Price(5, day, Decimal(9))]
    late = alerts.UnitDay(past[0], 40, 1, Decimal(1000), True, True, late=3)
    gone = alerts.UnitDay(day, 0, 0, Decimal(0), False, False)
    refusals = alerts.Refusals(10, 9, Decimal(10), Decimal(9), ["pedido.csv"])
    raised = [
        *alerts.alerts_of(7, day, [late, *known[1:], own], prices),
        *alerts.alerts_of(7, day, [gone], []),
        *alerts.unreadable(7, day, refusals, 0.05),
    ]
    assert {alert.kind for alert in raised} == {*ALERTS, alerts.NOT_JUDGED}
    listed = [translated(f"{alert.severity}: {alert.message}") for alert in raised]
    assert [text for text in listed if re.search(r"\b(unit|of|and|usual on|warning|critical|no)\b", text)] == []


def test_what_a_step_says_is_translated_within_the_sentence_about_the_step():
    run = SimpleNamespace(most_refused=0.05)
    count = SimpleNamespace(lost=12, rows_in=20, quarantined=12, reasons={"bad_date": 12}, table="orders")
    with pytest.raises(jobs_lake.TooMuchRefused) as refused:
        jobs_lake.Lake.check_losses(SimpleNamespace(run=run), "silver", [count])
    here = translated(f"Step silver is FAILED: mrhealth_sales 2026-01-04: {refused.value}")
    assert here.startswith("O passo silver falhou: mrhealth_sales 2026-01-04: ao conferir silver orders, 12 de 20 ")
    assert translated("Step silver is FAILED: KeyError: 'x'") == "O passo silver falhou: KeyError: 'x'"


def test_a_doubt_with_a_full_stop_is_the_same_sentence():
    doubt = "bronze.orders: 29 rows in, but 28 kept and 2 quarantined"
    assert (
        translated(f"B{doubt[1:]}.") == "Bronze.orders: 29 linhas entraram, mas 28 ficaram e 2 foram para a quarentena."
    )
    assert translated(doubt) + "." == translated(f"{doubt}.")


def test_words_before_a_sentence_are_no_part_of_it():
    doubt = "gold.word_counts was not staged"
    assert translated(f"FAILED in audit (data): {doubt}") == f"FALHOU em audit (data): {translated(doubt)}"


# Those of a user in this tree may be in English only.
SHIPPED = [name for name in PIPELINES if (REGISTRY.packages[name].folder / "portuguese.toml").is_file()]


def test_the_projects_own_pipelines_have_their_portuguese():
    assert {"wordcount", "mrhealth_sales", "covid_hospitals", "card_movements"} <= {*SHIPPED}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_of_a_package_that_somebody_reads_has_its_portuguese(name):
    """Of contract, options, runbook and views: those of the library are in its catalogue."""
    package = REGISTRY.packages[name]
    pipeline, runbook_of = package.pipeline, package.runbook
    said = {text for table in (*pipeline.gold, *pipeline.sources) for text in (table.about, *table.notes.values())}
    said |= {text for option in pipeline.options for text in (option.title, option.about, option.shown) if text}
    said |= {pipeline.title, *(backfill.title for backfill in BACKFILLS.values() if backfill.fills == name)}
    said |= {" ".join(part.split("\n")) for part in runbook_of.split("\n\n") if part[0] not in "#{|"}
    said |= {cell for row in runbook_of.split("\n") if row[:1] == "|" for cell in row.strip("| ").split(" | ")}
    said |= {*of_people(views.product(pipeline, package.folder))}
    others = {text.rstrip() for text in said if translated(text) == text and not CODE.fullmatch(text)}
    assert others == package.portuguese.keys(), "portuguese.toml beside contract.toml"
    numbers = {text: [set(re.findall(r"\d+", each)) for each in (text, pt)] for text, pt in package.portuguese.items()}
    assert [text for text, (english, portuguese) in numbers.items() if english != portuguese] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_the_trigger_form_is_in_the_language_of_the_settings(name):
    backfill = BACKFILLS.get(f"backfill_{name}")
    for build in filter(None, (night_dag, backfill and backfill_dag)):
        of = backfill if build is backfill_dag else PIPELINES[name]
        english, here = (dict(build(of, Settings(language=each), None).params.items()) for each in ("en", "pt-BR"))
        shown = {field: (texts_of(english[field]), texts_of(here[field])) for field in english}
        assert [f for f, (one, other) in shown.items() for a, b in zip(one, other, strict=True) if a and a == b] == []
        assert len(shown) > 5


@pytest.mark.parametrize(
    "name", [*SHIPPED, *(n for n, b in BACKFILLS.items() if b.fills in SHIPPED), "reaper", "drift"]
)
def test_airflow_shows_a_dag_in_the_language_of_the_settings(name):
    english, here = (dag_of(name, Settings(language=each)) for each in ("en", "pt-BR"))
    shown = [(dag.dag_display_name, dag.description) for dag in (english, here)]
    assert [one for one, other in zip(*shown, strict=True) if one == other] == []
    assert here.doc_md.count("\n| ") == english.doc_md.count("\n| ") and "http" not in here.doc_md
    prose = re.sub(r"`[^`]*`", "", here.doc_md)
    assert [line for line in prose.split("\n") if ENGLISH.search(line)] == []
    assert re.findall(r"`[^`]*`", here.doc_md) == re.findall(r"`[^`]*`", english.doc_md)


def dag_of(name, settings):
    """The DAG as its file in dags/ makes it."""
    if name in PIPELINES:
        return night_dag(PIPELINES[name], settings, runbook.page(REGISTRY.packages[name]))
    file = paths.ROOT / "dags" / f"{'backfill' if name in BACKFILLS else name}.py"
    doc_md = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")), clean=False)
    if name in BACKFILLS:
        return backfill_dag(BACKFILLS[name], settings, doc_md)
    return {"reaper": reaper_dag, "drift": drift_dag}[name](settings, doc_md)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_views_are_described_in_both_languages(name):
    english, here = (json.loads(views.text(language))[name] for language in LANGUAGES)
    pairs, known = [*zip(of_people(english), of_people(here), strict=True)], REGISTRY.packages[name].portuguese
    assert [one for one, other in pairs if one == other and one not in known] == []
    assert len(pairs) > 5 and english["queries"].keys() == here["queries"].keys()


def of_people(part):
    """The texts that people read in a part of views.json."""
    if isinstance(part, dict):
        yield from (each for word, each in part.items() if word in {"title", "about"} and isinstance(each, str))
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from of_people(each)


def texts_of(field):
    takes = field.schema.get("format")
    return [
        field.schema.get("title"),
        field.schema.get("section"),
        field.description,
        None if takes == "date" else takes,
    ]


def test_text_from_data_is_neither_lost_nor_slow():
    assert translated("no sentence of ours") == "no sentence of ours"
    assert translated("Step {0} is {x}: {y}") == "O passo {0} está {x}: {y}"
    assert len(translated("Every day is " + ": x of y is " * 20_000)) > 200_000


def test_a_sentence_stands_once_and_has_the_same_places_in_both_languages():
    sentences = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["sentence"]
    assert len({each["en"] for each in sentences}) == len(sentences)
    places = [[set(re.findall(r"{(\w*)[}:]", each[language])) for language in ("en", "pt")] for each in sentences]
    assert [each for each in places if each[0] != each[1]] == []


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        (
            "unit 7: sales of 120.25 on 2026-01-04, 1,040.50 are usual on that weekday",
            "unidade 7: vendas de 120,25 em 04/01/2026, 1.040,50 são o usual nesse dia da semana",
        ),
        (
            "1,360 of 1,360 stock recommendations, for want of 14 known days",
            "1.360 de 1.360 recomendações de estoque, por faltarem 14 dias conhecidos",
        ),
        (
            "sales and cancellations of 1 unit, for want of four known days of this weekday",
            "vendas e cancelamentos de 1 unidade, por faltarem quatro dias conhecidos deste dia da semana",
        ),
        ("prices of us-east-1, 2026-11-20", "preços de us-east-1, 20/11/2026"),
        ("The same work elsewhere, with the usual start-up: emr $0.12, glue $1.30",
         "O mesmo trabalho em outros serviços, com a partida usual: emr US$ 0,12, glue US$ 1,30"),
        ("Gold t: 1 row at s3://l/x/business_date=2026-01-04/", "Gold t: 1 linha em s3://l/x/business_date=2026-01-04/"),
        ("2 days restated", "2 dias corrigidos"),
        ("1 day restated", "1 dia corrigido"),
        (
            "One cluster has no time for 1 day from 2026-01-04 on: run the backfill again",
            "Um cluster não tem tempo para 1 dia a partir de 04/01/2026: rode o backfill outra vez",
        ),
        ("1.10 is too old: S3-native locking needs 1.11.", "1.10 é antigo demais: a trava nativa do S3 exige 1.11."),
        ("Step x is FAILED: v 1.5 of 2026-01-04", "O passo x falhou: v 1.5 of 2026-01-04"),
        ("task audit is upstream_failed", "a tarefa audit não rodou, pois outra falhou antes"),
        ("Virtual cluster v of w is ARRESTED.", "O cluster virtual v de w está ARRESTED."),
        ("bronze.a: 3 of 9 rows were quarantined (1 bad_date, 2 own_reason)",
         "bronze.a: 3 de 9 linhas foram para a quarentena (data inválida: 1, own_reason: 2)"),
        ("w/x left clusters: j-1; key pairs: k.", "w/x deixou clusters: j-1; pares de chaves: k."),
    ],
)  # fmt: skip
def test_a_mark_writes_what_stands_in_a_place_as_portuguese_has_it(english, portuguese):
    assert translated(english) == portuguese


def test_the_proof_names_every_kind_of_resource_in_both_languages():
    assert words.RESOURCES.keys() == RESOURCE_FINDERS.keys()
    other = [
        kind for kind, (portuguese, _) in words.RESOURCES.items() if translated(f"{kind}: x") != f"{portuguese}: x"
    ]
    assert other == []


REFUSES = {
    "Rule": 0,
    "FileRefused": 0,
    "_BadRecordError": 0,
    "whole_file": 2,
    "overrule": 1,
}  # which word is the reason


def quarantined():
    """(where, reason, detail or None) of each row or file that a job refuses by a literal reason."""
    for file in sorted(file for home in JOBS for file in home.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            at = REFUSES.get(getattr(getattr(node, "func", None), "id", ""))
            if at is not None and len(node.args) > at and (reason := written(node.args[at])):
                yield (
                    f"{file.name}:{node.lineno}",
                    reason,
                    written(node.args[at + 1]) if len(node.args) > at + 1 else None,
                )


def test_every_reason_and_detail_of_the_quarantine_has_its_portuguese():
    found = [*quarantined()]
    reasons = {reason for _, reason, _ in found} | {reason for _, reason, _ in packing._KINDS}
    reasons |= {c.reason for each in PIPELINES.values() for table in each.sources for c in table.columns if c.one_of}
    details = {detail for _, _, detail in found if detail} | {what for _, _, what in packing._KINDS}
    assert (len(reasons) > 30, len(details) > 10) == (True, True)
    assert [text for text in (*reasons, *details) if not same_facts(text)] == []


def warned():
    """(where, warning) of what a job counts of accepted rows."""
    yield from (("medallion", text) for text in (quality.CLASH, notation.WARNING, notation.LEFT_OUT))
    for file in sorted(file for home in JOBS for file in home.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        pairs = [pair for node in tree.body if isinstance(node, ast.Assign) for pair in assigned(node)]
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for node in (call for call in calls if getattr(call.func, "id", "") == "warn"):
            yield f"{file.name}:{node.lineno}", written(node.args[1]) or dict(pairs)[node.args[1].id]


def assigned(node):
    """(name, text) of each constant that a statement gives a text."""
    names, value = node.targets[0], node.value
    several = isinstance(names, ast.Tuple) and isinstance(value, ast.Tuple)
    pairs = zip(names.elts, value.elts, strict=True) if several else [(names, value)]
    return [(name.id, text) for name, each in pairs if (text := written(each))]


def test_every_warning_of_accepted_rows_has_its_portuguese():
    found = [*warned()]
    assert len(found) > 12
    assert [pair for pair in found if translated(pair[1]) == pair[1]] == []


def test_every_difference_between_input_and_contract_has_its_portuguese():
    table = next(iter(PIPELINES["card_movements"].sources))
    columns = tuple(
        replace(table.columns[0], name=f"c{n}", names=(f"c{n}",), optional=False, type="date") for n in (1, 2, 3)
    )
    source = replace(table, columns=columns)
    whole, of_time = drift.Sample, drift.Relation
    came = [
        whole("X7", ("c1", "c2", "c3"), (("odd", "odd", "odd"),) * 3),
        whole("X7", ("c1", "c2", "Y"), ()),
        whole("X7", ("Y", "Z"), ()),
        whole("X8", ("Y", "Z"), ()),
        of_time("X7", ("c1", "c2", "c3"), ("bytea", "real", "date")),
    ]
    money = replace(source, columns=(*columns[:1], replace(columns[1], type="decimal(18,2)"), *columns[2:]))
    lines = [line for each in came for line in drift.report({each.where: drift.drifts(money, each)})]
    lines += drift.report({where: [drift.missing(source, where)] for where in ("X7", "X8")})
    lines += drift.report({where: drift.drifts(source, came[2]) for where in ("X7", "X8")})
    wide = replace(source, columns=tuple(replace(columns[0], names=(f"c{n}",), name=f"c{n}") for n in range(9)))
    lines += drift.report({"X7": drift.drifts(wide, came[2])})
    assert len(lines) > 10
    said = translated(f"The input drifted from its contract: {'; '.join(lines)}.")
    assert (
        re.findall(r"\b(?:is|are|in|all|new|missing|the|name|quarantine|ignore|refuse|deliveries|make|has)\b", said)
        == []
    )


@pytest.mark.parametrize("doubtful", [False, True])
def test_where_a_text_has_another_encoding_has_its_portuguese(doubtful):
    files = [text_encoding.Beginning(f"s3://raw/{n}.txt", 3, n, "the is", "cp1252", True, doubtful) for n in (1, 2)]
    for several in (files[:1], files):
        said = translated(f"Input that is not in utf-8: {'; '.join(map(str, several))}.")
        assert said.startswith("Entrada que não está em utf-8: s3://raw/1.txt: 1 de 3 linhas, a primeira 'the is', ")
        assert re.findall(r"\b(?:of|lines|first|as in|read like)\b", said) == []


def test_several_sentences_in_one_message_are_each_translated():
    first, second = "bronze.lines: 50 of 50 rows were quarantined (50 undecodable)", "gold.word_counts was not staged"
    both = f"1 of 3 days were not made: 2026-02-03: {first}; {second}."
    assert translated(first) != first and translated(second) != second
    assert translated(f"{first}; {second}") == "; ".join(map(translated, (first, second)))
    assert "rows were" not in translated(both) and "was not" not in translated(both)
