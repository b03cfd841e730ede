"""The record is built from what was found, and the message fits SNS."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile

import pytest

from mrhealth_sales.jobs import outlook
from nightshift.compute import cost, instances, targets
from nightshift.compute.emr import spec
from nightshift.compute.emr.target import place_of
from nightshift.failures import cards
from nightshift.failures.causes import Cause
from nightshift.failures.portuguese import lines_spoken
from nightshift.report import message
from nightshift.report.outcome_rules import RunFacts, states_of
from nightshift.report.record import _words as restated_words
from nightshift.report.record import build
from tests.nightshift import figures
from tests.nightshift.findings import CLUSTER, GOOD, NOW, PROOF, TASKS, entry, jobs, manifests

STEP_CARD = {"cause": "data", "message": "the file is broken", "next_action": "mend it", "tail": ["a", "b"]}


@pytest.fixture
def found(night):
    """Findings of a night in which all went well, but for what the test says."""

    def make(**changes):
        whole = {
            "entries": [*GOOD, entry("prove_nothing_left", "begin"), PROOF],
            "states": dict.fromkeys(TASKS, "success"),
            "places": [place_of(CLUSTER)],
            "jobs": jobs(*["COMPLETED"] * 3),
            "manifests": manifests(night.pipeline),
            "ended_at": NOW,
        }
        return RunFacts(**{**whole, **changes})

    return make


@pytest.fixture
def record(night, found):
    return lambda **changes: build(night, found(**changes))


@pytest.fixture
def failed_step(record):
    entries = [*GOOD[:6], entry("job_gold", "begin"), entry("job_gold", "failed", **STEP_CARD), PROOF]
    states = {**dict.fromkeys(TASKS, "success"), "job_gold": "failed", "publish": "upstream_failed"}
    return record(entries=entries, states=states, jobs=jobs("COMPLETED", "COMPLETED", "FAILED"))


def test_a_night_that_went_well_has_no_doubts_and_no_failure(record):
    told = record()
    assert (told["outcome"], told["doubts"], told["failure"], told["notified"]) == ("success", [], None, False)


def test_a_night_that_lacks_something_is_a_success_with_warnings_and_says_so(record, night):
    whole = manifests(night.pipeline)
    told = record(
        manifests=[*whole[:2], {**whole[2], "alerts": {"total": 1, "told": [], "unjudged": None, "grave": 1}}]
    )
    assert (told["outcome"], told["failure"]) == ("success with warnings", None)
    assert told["warnings"] == ["1 alerts report deliveries that are missing or could not be read"]
    assert message.subject("acme", told) == "mrhealth_sales 2026-01-04: success with warnings [acme]"
    first, *why, last = message.note(told, "s3://x/record.json").split("\n\n")
    assert first == "Nightshift: mrhealth_sales 2026-01-04: success with warnings"
    assert (why, last) == (told["warnings"], "Record: s3://x/record.json")


def test_every_line_of_a_message_and_of_a_note_has_its_portuguese(record, night, failed_step):
    """All lines that a message may have, of a good and of a failed night; Spark's and the data's words stay."""
    bronze, *others = manifests(night.pipeline)
    told = [f"critical: {figures.sales()['alerts'][0]['message']}"]
    alerts = {"total": 3, "told": told, "unjudged": outlook._unjudged(3, 4, 9), "grave": 1}
    table = {**bronze["tables"][0], "warnings": {"unknown_city_code": 3}, "waiting": 2}
    lost = {**table, "waiting": 0, "quarantined": 2, "reasons": {"bad_date": 1, "late": 1}}
    good = record(manifests=[{**bronze, "tables": [table, lost], "alerts": alerts}, *others])
    day = {"table": "alerts", "day": "2026-01-01", "since": "2026-01-02T03:20:00Z", "rows": 3}
    good["restated"] = [{**day, "words": restated_words({**day, "before": {}, "after": {}})}] * 22
    good["gold"] += good["gold"][-1:]
    parts = {"EC2": 0.4321, "EMR": 0.1, "EBS": 0.01, "host": 0.02, "requests": 0.0011}
    good["cost"] |= {
        "parts": parts,
        "elsewhere": {"glue": 0.12, "eks": 1.3},
        "spot": "Spot of 1 of 2 nodes as On-Demand: AWS gave no price",
    }
    good["cost"]["seconds"] = {"billed": 1200.0, "start_up": 420.0, "idle": 120.0}
    good["proof"]["shared"] = "The cluster and its stack were those of pack_a/1; this run was the last to use them."
    left = {**failed_step, "proof": {"alive": ["volume v-1"]}, "tasks": {"publish": {"state": "failed"}}}
    left["finding"] = {"message": "nobody"}
    for each, page in ((good, "https://x"), (left, ""), ({**left, "proof": None}, "")):
        lines = [line for line in message.body(each, "s3://r", page).splitlines() if not line.startswith("  | ")]
        same = [line for line in lines if lines_spoken(line, "pt-BR") == line]
        assert [line for line in same if not line.startswith("  Cluster: https:")] == []
        here = lines_spoken("\n".join(lines), "pt-BR").replace(STEP_CARD["message"], "")
        english = r"\b(rows|accepted|Cost|Warning|and|the|with|business date|failed|part|host \D|requests|idle|nodes)\b"
        assert not re.search(english, here.replace("host de ingestão", "")), here
        assert sorted(re.findall(r"\d+", here)) == sorted(re.findall(r"\d+", "\n".join(lines)))
        first, *rest = message.note(each, "s3://r", "pt-BR").split("\n\n")
        assert re.search(r": (?:sucesso com avisos|falhou)$", first) and rest[-1] == "Registro: s3://r"
        subject = message.subject("acme", each)
        assert lines_spoken(subject, "pt-BR") != subject and lines_spoken(subject, "pt-BR").isascii()


def test_nothing_in_a_message_that_came_out_of_data_acts_on_who_reads_it(record, night):
    bronze, *others = manifests(night.pipeline)
    alerts = {"total": 1, "told": ["critical: \x1b[2Junit \u202e2\nOutcome: success"], "unjudged": None}
    table = {**bronze["tables"][0], "warnings": {"unknown_city_code": 3}}
    odd = {**bronze, "tables": [table], "alerts": alerts}
    body = message.body(record(manifests=[odd, *others]), "s3://x")
    assert r"  critical: \x1b[2Junit \u202e2\nOutcome: success" in body.splitlines()
    assert "warnings: 3 unknown_city_code" in body


def test_the_first_failure_speaks_for_the_night_with_its_own_card_and_the_nights_links(failed_step):
    failure = failed_step["failure"]
    assert failed_step["outcome"] == "failed"
    assert {key: failure[key] for key in STEP_CARD} == STEP_CARD
    assert failure["task"] == "job_gold"
    assert failure["links"]["cluster"].endswith("#/clusterDetails/j-1")
    assert failure["links"]["record"].endswith("/record.json")
    assert failure["text"] == list(cards.lines(failure))


def test_what_failed_besides_is_neither_the_same_failure_nor_what_it_kept_from_running(record, failed_step):
    assert "task publish is upstream_failed" in failed_step["doubts"] and failed_step["failure"]["also"] == []
    left = entry("prove_nothing_left", "end", alive=["volume v-1"], checked=["volume"])
    states = {**dict.fromkeys(TASKS, "success"), "job_gold": "failed", "publish": None, "stop_compute": "failed"}
    failure = record(entries=[*GOOD[:6], entry("job_gold", "failed", **STEP_CARD), left], states=states)["failure"]
    assert failure["also"] == ["task stop_compute is failed", "still alive: volume v-1"]


def test_a_failure_speaks_with_its_last_try(record):
    tries = [entry("publish", "failed", **{**STEP_CARD, "message": words}) for words in ("first try", "second try")]
    states = {**dict.fromkeys(TASKS, "success"), "publish": "failed"}
    assert record(entries=[*GOOD, *tries, PROOF], states=states)["failure"]["message"] == "second try"


def test_a_task_that_was_killed_in_its_second_try_does_not_speak_with_its_first(record):
    story = [entry("publish", "failed", **STEP_CARD), entry("publish", "begin")]
    states = {**dict.fromkeys(TASKS, "success"), "publish": "failed"}
    failure = record(entries=[*GOOD, *story, PROOF], states=states)["failure"]
    assert (failure["task"], failure["cause"]) == ("publish", "stopped")
    assert failure["message"] == (
        "Task publish is failed; it left no error: it was stopped from outside or marked by hand."
    )


def test_a_task_that_airflow_ended_before_it_began_says_so(record):
    told = record(entries=[PROOF], states={"preflight": "failed"})
    assert told["failure"]["message"].startswith("Task preflight is failed; it left no error: it never began")


def test_a_card_keeps_its_own_links_and_what_other_tasks_wrote_later_is_not_its_word(record):
    card = entry("publish", "failed", **STEP_CARD, links={"step_log": "s3://log"})
    later = [entry("stop_compute", phase) for phase in ("begin", "end")]
    failure = record(entries=[*GOOD[:8], card, *later, PROOF], states={"publish": "failed"})["failure"]
    assert (failure["message"], failure["links"]["step_log"]) == (STEP_CARD["message"], "s3://log")


def test_a_failure_that_a_retry_mended_is_not_the_nights_failure(record):
    mended = [entry("job_bronze", "failed", **STEP_CARD), entry("job_bronze", "begin"), entry("job_bronze", "end")]
    assert record(entries=[*mended, *GOOD, PROOF])["outcome"] == "success"


def test_what_the_reaper_saw_speaks_when_the_task_itself_could_not(night, found):
    cleanup_failure = cards.observed("job_gold", Cause.STOPPED, "Airflow calls the run success, but nobody closed it")
    entries = [*GOOD[:6], entry("job_gold", "begin"), PROOF]
    told = build(night, found(entries=entries, states=states_of(entries)), "reaper", cleanup_failure)
    assert (told["told_by"], told["failure"]["message"]) == ("reaper", cleanup_failure["message"])
    assert "Reported by the reaper: Airflow calls the run success" in message.body(told, "s3://r")


def test_a_night_whose_report_was_killed_is_told_by_the_reaper_as_the_success_it_was(night, found):
    entries = [*GOOD, PROOF, entry("report", "begin")]
    told = build(night, found(entries=entries, states=states_of(entries)), "reaper")
    assert (told["outcome"], told["tasks"].keys()) == ("success", set(TASKS))


def test_gold_is_listed_only_when_it_was_published(record, failed_step, night):
    assert [(gold["table"], gold["rows"]) for gold in record()["gold"]] == [(t.name, 3) for t in night.pipeline.gold]
    assert failed_step["gold"] == record(entries=[PROOF])["gold"] == []


def test_a_restated_day_is_told_with_what_it_said_before_once_its_table_is_swapped(night, found):
    day = {"table": "sales_by_branch_day", "day": "2026-01-01", "since": "2026-01-02T03:20:00Z"}
    figures = {"before": {"orders": "2", "gross_value": "160.00"}, "after": {"orders": "2", "gross_value": "190.00"}}
    swapped = entry("publish", "note", act="swapped", uri="s3://g", restated=[{**day, **figures, "rows": 1}])
    facts = found(entries=[*GOOD, swapped, swapped, PROOF], states=dict.fromkeys(TASKS, "success"))
    *others, gold = facts.manifests
    gold["gold"] = [{**gold["gold"][0], "days": {"2026-01-01": 1, "2026-01-04": 2}}, *gold["gold"][1:]]
    told = build(night, replace(facts, manifests=[*others, gold]), "report")
    words = "2026-01-01 in sales_by_branch_day: gross_value 160.00 -> 190.00 (published 2026-01-02T03:20:00Z)"
    assert told["restated"] == [{**day, **figures, "rows": 1, "words": words}], "a second try told the same"
    said = message.body(told, "s3://r")
    assert f"Restated {words}" in said
    assert "business_date=2026-01-04/, and 1 other day" in said
    died = build(night, replace(facts, entries=[swapped, PROOF]), "reaper")
    assert (died["outcome"], len(died["restated"])) == ("failed", 1), "it died between two tables"
    same = entry("publish", "note", act="swapped", uri="s", restated=[{**day, "before": {}, "after": {}, "rows": 2}])
    [quiet] = build(night, replace(facts, entries=[same, PROOF]), "reaper")["restated"]
    assert "2 rows, with the same totals" in quiet["words"]


def hour(night, kind="m5.xlarge"):
    """Dollars of five nodes for an hour: one primary, two core and two task nodes."""
    table = instances.of(night.settings)
    return 5 * (table.price(kind).total + cost.disks(kind, table))


def test_the_cost_is_what_the_cluster_lived_at_list_prices(record, night):
    told = record()["cost"]
    assert told["parts"]["emr"] == pytest.approx(hour(night), abs=1e-4), "at the dearest of the types"
    assert told["measured"] == round(sum(told["parts"].values()), 4)


def test_nodes_that_are_known_are_billed_by_second_and_part_with_spot_at_its_own_price(record, night):
    hours = {"started_at": NOW - timedelta(hours=1), "ended_at": NOW}
    nodes = [
        cost.Node("j-1", "m5.xlarge", "ON_DEMAND", **hours),
        cost.Node("j-1", "m5.xlarge", "SPOT", **hours, spot=0.07),
        cost.Node("j-1", "m5.xlarge", "SPOT", NOW - timedelta(seconds=5), None),
    ]
    told = record(nodes=nodes)["cost"]
    assert (told["parts"]["EC2"], told["parts"]["EMR"]) == (
        round(0.192 + 0.07 + 0.192 / 60, 4),
        round(0.048 * 121 / 60, 4),
    )
    assert told["parts"]["EBS"] == pytest.approx(
        cost.disks("m5.xlarge", instances.of(night.settings)) * 121 / 60, abs=1e-4
    )
    assert told["spot"] == "Spot of 1 of 2 nodes as On-Demand: AWS gave no price"
    said = message.body({**record(nodes=nodes)}, "s3://r")
    assert f"By part: EC2 ${told['parts']['EC2']:.4f}, EMR ${told['parts']['EMR']:.4f}, EBS $" in said


def test_what_a_cluster_did_in_its_billed_seconds_is_start_up_work_or_idle(record):
    timeline = {"CreationDateTime": NOW - timedelta(minutes=20), "ReadyDateTime": NOW - timedelta(minutes=13)}
    place = place_of({**CLUSTER, "Status": {"State": "TERMINATED", "Timeline": {**timeline, "EndDateTime": NOW}}})
    moments = [(12, 8), (9, 5), (5, 1)]  # minutes before the end; the first two overlap
    worked = [
        replace(job, started_at=NOW - timedelta(minutes=began), ended_at=NOW - timedelta(minutes=ended))
        for job, (began, ended) in zip(jobs(*["COMPLETED"] * 3), moments, strict=True)
    ]
    told = record(places=[place], jobs=worked)
    assert told["cost"]["seconds"] == {"billed": 1200, "start_up": 420, "working": 660, "idle": 120}
    assert "Of 20.0 minutes that were billed 35% were start-up and 10% idle" in message.body(told, "s3://r")


def test_the_ingestion_host_is_billed_from_terraforms_apply_until_it_was_stopped(record, night):
    minutes = {"apply_transient": 60, "ingest": 50, "stop_host": 30}
    at = {task: (NOW - timedelta(minutes=ago)).isoformat() for task, ago in minutes.items()}
    made, began = ({**entry(task, "begin"), "at": at[task]} for task in ("apply_transient", "ingest"))
    ended = {**entry("stop_host", "end"), "at": at["stop_host"]}
    host = record(entries=[made, began, ended, *GOOD, PROOF])["cost"]["parts"]["host"]
    assert host == cost.host(30, instances.of(night.settings))
    assert "host" not in record()["cost"]["parts"]


def test_the_estimate_of_a_record_is_the_one_that_preflight_showed(record):
    shown = {"basis": "nights", "nights": 9, "usd": 0.31, "usd_p90": 0.4, "minutes": 15.0, "minutes_p90": 19.0}
    told = record(entries=[*GOOD, entry("preflight", "end", estimate_usd=0.31, expected=shown), PROOF])["cost"]
    assert (told["estimate"], told["expected"]) == (0.31, shown)


def test_a_cluster_that_replaced_another_costs_what_its_own_types_do(record, night):
    second = {**CLUSTER, "Id": "j-2"}
    note = entry("wait_for_compute", "note", act="replace_place", place_id="j-1", attempt=2)
    told = record(places=[place_of(CLUSTER), place_of(second)], entries=[*GOOD, note, PROOF])
    # the second may have had the spare types, of which r5.xlarge is the dearest
    assert told["cost"]["parts"]["emr"] == pytest.approx(hour(night) + hour(night, "r5.xlarge"), abs=1e-4)
    assert told["cluster"]["id"] == "j-2"


def test_a_cluster_that_still_lives_costs_what_it_lived_until_now(record, night):
    timeline = {"CreationDateTime": NOW - timedelta(minutes=30)}
    told = record(places=[place_of({**CLUSTER, "Status": {"State": "RUNNING", "Timeline": timeline}})])
    assert told["cost"]["parts"]["emr"] == pytest.approx(hour(night) / 2, abs=1e-4)
    assert (told["cluster"]["created_at"], told["cluster"]["ended_at"]) == (
        timeline["CreationDateTime"].isoformat(),
        None,
    )


def test_the_estimate_is_of_the_expected_minutes_for_each_day_that_was_to_be_made(record, night):
    def estimate(days):
        table = instances.of(night.settings)
        return cost.estimate(spec.fleets(night), days * night.pipeline.expected_minutes, table)

    plan = entry("preflight", "note", days=["2026-01-02", "2026-01-03", "2026-01-04"])
    assert record()["cost"]["estimate"] == estimate(days=1)
    assert record(entries=[plan, *GOOD, PROOF])["cost"]["estimate"] == estimate(days=3)


@pytest.mark.parametrize("change", [{"region": "ca-west-1"}, {"core_types": ("m9z.xlarge",)}])
def test_a_run_that_was_refused_for_want_of_a_price_has_a_record_that_says_so(night, found, change):
    refused = replace(night, settings=replace(night.settings, **change))
    told = build(refused, found(places=[], jobs=[]))
    assert (told["cost"]["estimate"], told["cost"]["measured"], told["cost"]["prices_as_of"]) == (None, None, None)
    assert f"Cost: not known. {told['cost']['prices']}" in message.body(told, "s3://r")
    assert told["cost"]["prices"].startswith("No price is known for ")


def test_the_minutes_of_the_jobs_are_priced_on_the_other_targets_too(record, night):
    worked = [replace(job, started_at=NOW - timedelta(minutes=4), ended_at=NOW) for job in jobs(*["COMPLETED"] * 3)]
    others = record(jobs=worked)["cost"]["elsewhere"]
    assert others == {
        name: targets.named(night.settings, name).estimate(night, 12) for name in ("serverless", "glue")
    }, "no cluster is named for the others"
    assert record()["cost"]["elsewhere"] == {}, "nothing is known of jobs that never ran"
    [words] = message.elsewhere({"elsewhere": {"serverless": 0.2021, "glue": 0.29}})
    assert words == "The same work elsewhere, with the usual start-up: serverless $0.20, glue $0.29"


def test_without_a_cluster_there_is_no_step_and_only_requests_cost(record):
    told = record(places=[], jobs=[])
    assert (told["cluster"], told["steps"], list(told["cost"]["parts"])) == (None, [], ["requests"])


def test_a_task_began_with_its_first_try_and_ended_with_its_last(record):
    phases = ("note", "begin", "failed", "begin", "end", "note")
    told = record(entries=[entry("publish", phase) | {"at": at} for at, phase in enumerate(phases)])["tasks"]
    assert told["publish"] == {"state": "success", "started_at": 1, "ended_at": 4}
    assert told["preflight"] == {"state": "success", "started_at": None, "ended_at": None}


def test_the_last_warning_of_each_task_is_told(record):
    warned = [entry("preflight", "note", warning=words) for words in ("old", "new")]
    told = record(entries=[*GOOD, *warned, PROOF])
    assert told["warnings"] == ["new"]
    assert "Warning: new" in message.body(told, "s3://r").splitlines()


def test_files_are_listed_as_delivered_when_the_night_published_them(night, found):
    shop = replace(night, pipeline=replace(night.pipeline, exports=("flat.csv", "late.csv")))
    story = [
        *GOOD,
        entry("publish", "end", **{"flat.csv": "s3://old"}),
        entry("publish", "end", **{"flat.csv": "s3://new"}),
    ]
    assert build(shop, found(entries=[*story, PROOF]))["exports"] == [{"file": "flat.csv", "uri": "s3://new"}]
    assert build(shop, found(entries=[*story, entry("publish", "begin"), PROOF]))["exports"] == []


def test_the_subject_says_what_failed_of_what_and_where(failed_step):
    said = message.subject("acme", failed_step)
    assert said == "mrhealth_sales 2026-01-04: failed (data) in job_gold [acme]"


def test_a_note_fits_airflows_column_and_keeps_the_record_at_its_end(failed_step):
    failed_step["failure"]["message"] = "no gold \x1b[31m" + "x" * 2000
    note = message.note(failed_step, "s3://x/record.json")
    assert len(note) <= 1000 and "\x1b" not in note
    assert note.split("\n\n")[1].startswith("job_gold failed: no gold")
    assert note.endswith("\n\nRecord: s3://x/record.json")


def test_the_subject_is_at_most_100_printable_ascii_characters_whatever_the_names(failed_step):
    failed_step["failure"]["task"] = "é\n" * 20
    said = message.subject("n" * 99, failed_step)
    assert len(said) == 100
    assert said.isascii()
    assert said.isprintable()
    assert "failed (data)" in said


def test_the_message_says_what_came_out_what_was_left_and_what_to_do(record, failed_step):
    good = message.body(record(), "s3://r")
    assert "bronze.orders: 29 rows in, 27 accepted, 1 quarantined (1 bad), 1 duplicates" in good
    assert "Teardown: nothing left behind" in good
    bad = message.body(failed_step, "s3://r").splitlines()
    assert bad[1:4] == [
        "FAILED in job_gold (data): the file is broken",
        "  Next: mend it",
        "  Cluster: https://us-east-1.console.aws.amazon.com/emr/home?region=us-east-1#/clusterDetails/j-1",
    ]
    assert bad[-2:] == ["  | a", "  | b"]
    assert "Teardown: not proven" in message.body(record(entries=GOOD), "s3://r")


def test_the_message_of_a_success_names_its_gold_and_its_record_and_a_failures_own_words_name_the_record(
    record, failed_step, night
):
    good = message.body(record(), "s3://r").splitlines()
    (staged,) = {gold["uri"] for gold in record()["gold"] if gold["table"] == night.pipeline.gold[0].name}
    assert f"Gold {night.pipeline.gold[0].name}: 3 rows at {staged}" in good
    assert good[-1] == "Record: s3://r"
    assert "Record: s3://r" not in message.body(failed_step, "s3://r").splitlines()


def test_what_was_left_behind_is_named(record):
    left = entry("prove_nothing_left", "end", alive=["cluster j-1", "volume v-1"], checked=["clusters"])
    said = message.body(record(entries=[*GOOD, left]), "s3://r")
    assert "Teardown: left behind: cluster j-1; volume v-1" in said.splitlines()


def test_a_record_that_was_read_back_gives_the_same_message(failed_step):
    assert message.body(json.loads(json.dumps(failed_step)), "s3://r") == message.body(failed_step, "s3://r")


def test_what_failed_besides_is_named(record):
    states = {**dict.fromkeys(TASKS, "success"), "job_gold": "failed", "stop_compute": "failed"}
    assert "  Failed as well: stop_compute" in message.body(record(states=states), "s3://r")


def lines_of_alerts(record, manifests, **alerts):
    told = message.body(record(manifests=[*manifests[:-1], {**manifests[-1], "alerts": alerts}]), "s3://r").splitlines()
    start = next(n for n, line in enumerate(told) if line.startswith("Alerts: "))
    return [told[start], *takewhile(lambda line: line.startswith("  "), told[start + 1 :])]


def test_the_message_tells_the_most_severe_alerts_how_many_more_there_are_and_what_was_not_judged(record, night):
    given = {"total": 12, "told": ["critical: unit 2: no pedido.csv.", "info: b."], "unjudged": "sales of 3 units"}
    assert lines_of_alerts(record, manifests(night.pipeline), **given) == [
        "Alerts: 12",
        "  critical: unit 2: no pedido.csv.",
        "  info: b.",
        "  and 10 less severe ones in gold alerts",
        "  Not judged: sales of 3 units",
    ]


def test_a_night_without_alerts_says_so_and_one_that_looks_for_none_says_nothing(record, night):
    quiet = {"total": 0, "told": [], "unjudged": None}
    assert lines_of_alerts(record, manifests(night.pipeline), **quiet) == ["Alerts: none"]
    assert "Alerts" not in message.body(record(), "s3://r")
