"""The shape of a night, whole: a diff of the graph is a diff of these tests."""

from datetime import timedelta

import pytest
from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import ParamValidationError

from nightshift.run.tasks import FOUNDATION_LOCK, TRANSIENT_LOCK
from nightshift.state.terraform_locks import LONGEST

HEAD = {
    "preflight": {"open_state"},
    "open_state": {"apply_foundation", "stop_compute", "destroy_transient"},
    "apply_foundation": {"apply_transient"},
    "apply_transient": {"publish_jobs", "destroy_transient"},
    "publish_jobs": {"claim_date", "destroy_transient"},
    "claim_date": {"wait_for_inputs", "destroy_transient"},
    "wait_for_inputs": {"check_inputs"},
    "check_inputs": {"start_compute"},
    "start_compute": {"wait_for_compute", "stop_compute"},
    "wait_for_compute": {"submit_jobs", "stop_compute"},
}
TAIL = {
    "audit": {"publish", "destroy_transient"},
    "publish": {"stop_compute", "outcome"},
    "stop_compute": {"destroy_transient", "outcome"},
    "destroy_transient": {"prove_nothing_left", "outcome"},
    "prove_nothing_left": {"report", "outcome"},
    "report": {"outcome"},
    "outcome": set(),
}
FETCHED = {
    "claim_date": {"ingest", "destroy_transient"},
    "ingest": {"stop_host"},
    "stop_host": {"wait_for_inputs"},
}
LAYERS = {
    "submit_jobs": {"job_bronze", "stop_compute"},
    "job_bronze": {"job_silver", "destroy_transient"},
    "job_silver": {"job_gold", "destroy_transient"},
    "job_gold": {"audit", "destroy_transient"},
}
FLOWS = {
    "wordcount": {
        **HEAD,
        "submit_jobs": {"job_wordcount", "stop_compute"},
        "job_wordcount": {"audit", "destroy_transient"},
        **TAIL,
    },
    "mrhealth_sales": {**HEAD, **LAYERS, **TAIL},
    "covid_hospitals": {**HEAD, **FETCHED, **LAYERS, **TAIL},
}
BACKFILL = {
    **HEAD,
    "publish_jobs": {"claim_days", "destroy_transient"},
    "claim_days": {"start_compute", "destroy_transient"},
    "submit_jobs": {"wait_for_days", "stop_compute"},
    "wait_for_days": {"publish", "destroy_transient"},
    **TAIL,
}
for one_day in ("claim_date", "wait_for_inputs", "check_inputs", "audit"):
    del BACKFILL[one_day]
BACKFILLED = tuple(FLOWS)
FLOWS["card_movements"] = {
    **HEAD,
    "submit_jobs": {"job_movements", "stop_compute"},
    "job_movements": {"audit", "destroy_transient"},
    **TAIL,
}
NIGHTS = tuple(FLOWS)
FLOWS |= {f"backfill_{name}": BACKFILL for name in BACKFILLED}
STOOD_ON = {"apply_transient", "publish_jobs", "start_compute", "wait_for_compute", "submit_jobs"}
RULES = {
    "stop_compute": TriggerRule.ALL_DONE_SETUP_SUCCESS,
    "destroy_transient": TriggerRule.ALL_DONE_SETUP_SUCCESS,
    "prove_nothing_left": TriggerRule.ALL_DONE,
    "report": TriggerRule.ALL_DONE,
}


def staging(dag):
    """What made the staged gold and vouches for it: gone with the teardown, so publishing needs it anew."""
    return {t for t in dag.task_ids if t.startswith("job_")} | ({"audit", "wait_for_days"} & set(dag.task_ids))


def claim(dag):
    return {"claim_date", "claim_days"} & set(dag.task_ids)


@pytest.fixture(params=FLOWS)
def dag(request, dags):
    return dags[request.param]


@pytest.fixture(params=NIGHTS)
def night(request, dags):
    return dags[request.param]


def test_every_dag_of_the_package_is_known_here(dags):
    assert set(dags) == {*FLOWS, "reaper", "drift"}


def test_the_night_has_this_order(dag):
    assert {t.task_id: t.downstream_task_ids for t in dag.tasks} == FLOWS[dag.dag_id]


def test_only_teardowns_proof_and_report_run_after_a_failure(dag):
    rules = {t.task_id: t.trigger_rule for t in dag.tasks if t.trigger_rule != TriggerRule.ALL_SUCCESS}
    assert rules == RULES


def test_what_costs_money_is_torn_down_even_if_its_creation_half_failed(dag):
    tasks = dag.task_dict
    assert {t for t, task in tasks.items() if task.is_setup} == {"open_state", *STOOD_ON, *claim(dag), *staging(dag)}
    assert {t for t, task in tasks.items() if task.is_teardown} == {"stop_compute", "destroy_transient"}
    for teardown in ("stop_compute", "destroy_transient"):
        assert "open_state" in tasks[teardown].upstream_task_ids


def test_the_outcome_is_the_one_leaf_and_hears_work_teardowns_proof_and_report(dag):
    leaves = [t.task_id for t in dag.tasks if not t.downstream_task_ids]
    assert leaves == ["outcome"]
    heard = {"publish", "stop_compute", "destroy_transient", "prove_nothing_left", "report"}
    assert dag.task_dict["outcome"].upstream_task_ids == heard


def test_it_runs_at_midnight_in_sao_paulo_one_at_a_time_and_never_catches_up(night):
    assert (night.timetable.summary, str(night.timezone)) == ("0 0 * * *", "America/Sao_Paulo")
    assert (night.max_active_runs, night.catchup) == (1, False)


@pytest.mark.parametrize("name", BACKFILLED)
def test_a_backfill_runs_on_request_only_and_shows_what_it_would_do_unless_told_otherwise(dags, name):
    backfill = dags[f"backfill_{name}"]
    assert (backfill.schedule, backfill.max_active_runs, backfill.catchup) == (None, 1, False)
    assert (backfill.params["dry_run"], backfill.params["force"]) == (True, False)
    assert {"first", "last"} <= set(backfill.params)


def test_no_dagrun_timeout_because_it_would_skip_the_teardowns(dag):
    assert dag.dagrun_timeout is None


def test_every_task_that_works_has_a_limit_and_every_wait_has_its_own(dag):
    unlimited = {t.task_id for t in dag.tasks if not t.execution_timeout and t.task_id != "outcome"}
    waits = {t.task_id for t in dag.tasks if hasattr(t, "wait_minutes")}
    assert unlimited == waits
    assert all(dag.task_dict[t].wait_minutes > 0 for t in waits)


def test_publish_has_time_for_a_delivery_of_years(dag):
    assert dag.task_dict["publish"].execution_timeout == timedelta(hours=1)


def test_no_task_that_holds_a_terraform_lock_may_take_longer_than_its_holder_is_believed_alive(dag):
    for task in (FOUNDATION_LOCK | TRANSIENT_LOCK) & set(dag.task_dict):
        assert dag.task_dict[task].execution_timeout <= LONGEST, task


def test_every_task_is_retried_with_back_off_the_preflight_once(dag):
    assert all(t.retries for t in dag.tasks)
    assert dag.task_dict["preflight"].retries == 1
    assert all(t.retry_exponential_backoff for t in dag.tasks)


def test_its_runbook_says_what_to_look_at_when_it_is_red(night):
    for words in ("failed task", "check first", "run a date again", "What it gives"):
        assert words in night.doc_md


def test_clearing_a_failed_task_brings_back_all_that_its_teardown_took_away(dag):
    work = [t for t in FLOWS[dag.dag_id] if t.startswith("job_") or t in {"wait_for_inputs", "audit", "publish"}]
    for task in work:
        before = staging(dag) if task == "publish" else set()
        cleared = set(dag.partial_subset(task, include_downstream=True, include_upstream=False).task_ids)
        assert {*STOOD_ON, *claim(dag), *before, "stop_compute", "destroy_transient", "outcome"} <= cleared, task


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("business_date", ["2026-01-04", None], ["04/01/2026", 7]),
        ("input_prefix", ["inbox/a/", "a..b/é c", None], ["../x", "a/..", "/etc", "a//b", "$(x)", "a\n", "s3://b", 7]),
        ("ssh_cidr", ["198.51.100.7/32", None], ["0.0.0.0/0", "10.0.0.0/8", "999.1.1.1/32", "1.1.1.1/32\n", "here"]),
        ("keep_cluster", [True], ["yes"]),
        ("dry_run", [False], [1]),
        ("apply_foundation", [True], ["yes"]),
    ],
)
def test_the_form_explains_itself_and_refuses_nonsense(night, name, good, bad):
    if name not in night.params:
        assert (night.dag_id, name) == ("card_movements", "input_prefix"), "it reads a database"
        return
    param = night.params.get_param(name)
    assert param.schema["title"]
    assert param.description
    for value in good:
        param.resolve(value)
    for value in bad:
        with pytest.raises(ParamValidationError):
            param.resolve(value)


def test_an_encoding_is_asked_for_only_where_it_applies(dags):
    assert "encoding" in dags["wordcount"].params
    assert "encoding" not in dags["mrhealth_sales"].params


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "output",
            ["", "s3://acme-exports/cards/daily", "s3://acme-exports/cards/"],
            ["out", "s3://b", "s3://bkt/a b"],
        ),
        ("delimiter", [",", ";", "tab"], ["", "::", 7]),
        ("header", [True, False], ["yes", "true"]),
        ("full_reload", [True, False], ["all", None]),
    ],
)
def test_the_card_movements_form_asks_how_the_file_is_to_be(dags, name, good, bad):
    param = dags["card_movements"].params.get_param(name)
    for value in good:
        assert param.resolve(value) == value
    for value in bad:
        with pytest.raises(ParamValidationError):
            param.resolve(value)


def test_the_form_names_the_default_folder_in_words_that_people_read(dags):
    assert "wordcount/YYYY/MM/DD/" in dags["wordcount"].params.get_param("input_prefix").description


def test_drift_is_looked_for_every_morning_by_one_task_that_cannot_apply(dags):
    drift = dags["drift"]
    assert (drift.schedule, drift.max_active_runs, drift.catchup) == ("0 7 * * *", 1, False)
    assert drift.is_paused_upon_creation is None, "as Airflow's setting says, like the nights"
    assert [(task.task_id, task.operator_name) for task in drift.tasks] == [("look_for_drift", "LookForDriftOperator")]
    assert "./nightshift drift" in drift.doc_md


def test_the_reaper_passes_every_quarter_of_an_hour_and_never_beside_itself(dags):
    reaper = dags["reaper"]
    assert (reaper.schedule, reaper.max_active_runs, reaper.catchup) == ("*/15 * * * *", 1, False)
    assert {task.task_id: task.downstream_task_ids for task in reaper.tasks} == {
        "reap": set(),
        "check_freshness": set(),
    }
    task = reaper.get_task("reap")
    assert task.execution_timeout == timedelta(minutes=60)
    assert task.retries == 1
    assert reaper.dagrun_timeout is None
    assert reaper.params["dry_run"] is False
    assert "./nightshift reap" in reaper.doc_md
