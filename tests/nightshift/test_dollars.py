"""Dollars: what a night is expected to cost, what refuses it, what ends it, and what it was billed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from covid_hospitals.definition import PIPELINE as COVID_HOSPITALS
from nightshift.compute import cost, cost_limit, instances, one_by_one, targets
from nightshift.compute.emr import bill, spec
from nightshift.compute.emr.client import EmrClient
from nightshift.compute.emr.target import place_of
from nightshift.compute.target import JobState, Place, PlaceState, SubmittedJob
from nightshift.config import Settings
from nightshift.failures.errors import ComputeError, ParameterError, PreflightError, SettingsError
from nightshift.infrastructure import terraform
from nightshift.operators.preflight import PreflightOperator
from nightshift.pages import history
from nightshift.pipelines import BACKFILLS
from nightshift.report import advice, expected, months, night_index, spark_events
from nightshift.run import parameters
from nightshift.state import ledger
from nightshift.state.known_runs import from_marker
from tests.nightshift.records import record
from tests.nightshift.test_emr_spec import job_flow
from tests.nightshift.test_operators import TaskInstance, context
from wordcount.definition import PIPELINE as WORDCOUNT

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
PLAN = expected.planned(0.7, 17)


def nights(*usd, **over):
    plain = {"outcome": "success", "target": "emr", "shape": "5", "minutes": 20}
    return [{**plain, "usd": each, **over} for each in usd]


def test_five_nights_like_it_say_what_a_night_costs_and_fewer_leave_it_to_the_plan():
    five = nights(0.5, 0.4, 0.6, 0.5, 1.0)
    own = expected.of(five, "emr", "5", PLAN)
    assert (own.basis, own.nights, own.usd, own.usd_p90) == ("nights", 5, 0.5, 0.84)
    assert own.words == (
        "costs about $0.50 and takes 20 minutes (median of 5 nights; nine of ten under $0.84 and 20 minutes)"
    )
    unlike = [*five[:4], *nights(0.5, outcome="failed"), *nights(0.5, target="glue"), *nights(0.5, shape="9")]
    assert expected.of([*unlike, *nights(None), *nights(0.5, minutes=None)], "emr", "5", PLAN) is PLAN


def test_the_index_says_what_the_expectation_reads():
    made = record(0, compute={"target": "emr"}, cost={**record()["cost"], "shape": "5", "seconds": {"billed": 1200}})
    index = night_index.empty()
    for number in range(5):
        later = {**made, "slug": str(number)}
        index = night_index.updated(index, later, "wordcount", "UTC")
    assert expected.of(index["nights"]["wordcount"], "emr", "5", PLAN).usd == 0.5
    assert expected.spent(index["money"], "wordcount", "2026-01") == 2.5
    step = {"started_at": "2026-01-01T00:00:00+00:00", "ended_at": "2026-01-01T00:03:00+00:00"}
    assert history.summary(record(steps=[step]))["minutes"] == 3, "of a target that bills jobs"


@pytest.mark.parametrize("wrong", [0, -1, "much", True, "nan", "inf", [1]])
def test_dollars_are_a_number_over_zero(wrong):
    assert (parameters.max_usd(None), parameters.max_usd("2.5")) == (None, 2.5)
    with pytest.raises(ParameterError, match=r"max_usd is .*expected dollars over 0"):
        parameters.max_usd(wrong)


def test_a_budget_is_a_pipelines_or_that_of_all_others():
    settings = Settings(monthly_budgets=("wordcount=5", "*=20.5"))
    assert (settings.budget_of("wordcount"), settings.budget_of("sales")) == (5, 20.5)
    assert Settings().budget_of("wordcount") is None
    with pytest.raises(SettingsError, match="MONTHLY_BUDGETS has wordcount: expected items such as"):
        Settings(monthly_budgets=("wordcount",))
    with pytest.raises(SettingsError, match="MONTHLY_BUDGETS has wordcount twice: a pipeline has one budget"):
        Settings(monthly_budgets=("wordcount=5", "wordcount=8"))


@pytest.fixture
def preflight(settings, aws, monkeypatch):
    """preflight(index or None, settings' changes, parameters) -> what it checked."""
    monkeypatch.setattr(terraform, "version", lambda: "Terraform v1.11.4")

    def check(index=None, settings_too=None, count=1, pipeline=WORDCOUNT, **params):
        if index:
            body = json.dumps({**night_index.empty(), **index})
            aws("s3").put_object(Bucket=settings.bucket("lake"), Key=night_index.KEY, Body=body)
        task = PreflightOperator(
            task_id="preflight", pipeline=pipeline, settings=replace(settings, **settings_too or {})
        )
        return task.checked(task.night(context(TaskInstance(), **params)), count)

    return check


def test_a_night_is_refused_by_what_its_own_nights_cost_before_anything_starts(preflight, words):
    like = nights(*[1.0] * 9, 3.0, shape=targets.of(words).shape(words))
    seen = preflight({"nights": {"wordcount": like}}, max_usd=2)
    assert (seen["estimate_usd"], seen["expected"]["basis"]) == (1.0, "nights")
    with pytest.raises(
        PreflightError, match=r"up to \$1.20, as nine of ten of the last 10 nights, more .* \$1.10"
    ) as no:
        preflight({"nights": {"wordcount": like}}, max_usd=1.1)
    assert "max_usd 2.40 (on the command line --max-usd 2.40)" in no.value.next_action
    assert preflight(max_usd=2)["expected"]["basis"] == "nights", "the index stays"


def test_a_months_budget_counts_nights_and_backfills_and_names_itself(preflight):
    spent = {"2026-01": {"wordcount": {"usd": 3.0, "nights": 6}, "backfill_wordcount": {"usd": 1.8, "nights": 1}}}
    with pytest.raises(PreflightError, match=r"cost \$4.80 in 2026-01, .*the month's budget of \$5.00") as refused:
        preflight({"money": spent}, {"monthly_budgets": ("wordcount=5",)})
    assert "NIGHTSHIFT_MONTHLY_BUDGETS" in refused.value.next_action and "MWAA" in refused.value.next_action
    assert preflight({"money": spent}, {"monthly_budgets": ("wordcount=6", "*=1")})["expected"]["basis"] == "plan"


def test_a_months_budget_counts_what_still_runs(preflight, words):
    """Else two runs that begin together both fit into what is left of the month, and pass it."""
    other = replace(words, run_id="backfill__other", pipeline=BACKFILLS["backfill_wordcount"])
    budget = {"monthly_budgets": ("wordcount=5",)}
    with ledger.of(other).act("preflight", 1) as facts:
        assert preflight(None, budget)["expected"]["basis"] == "plan", "one that is not priced counts as this one"
        facts.update(estimate_usd=4.5, expected={"usd_p90": 4.9})
    with pytest.raises(PreflightError, match=r"cost \$0.00 in 2026-01, those under way up to \$4.90 more, and this"):
        preflight(None, budget)
    last_month = replace(other, requested_at=other.requested_at - timedelta(days=31))
    ledger.of(other).close("success", "report")
    ledger.of(last_month)._mark()
    assert preflight(None, budget)["estimate_usd"] < 1


def test_a_budget_or_a_pack_of_no_pipeline_warns_and_stops_no_night(preflight):
    """Its package may be missing for a moment, and the nights of the others go on."""
    checked = preflight(settings_too={"monthly_budgets": ("wordcont=5", "*=20"), "packs": ("early=wordcount+nope",)})
    assert checked["warning"].startswith(
        "NIGHTSHIFT_MONTHLY_BUDGETS names wordcont: there is no such pipeline here. Did you mean wordcount?"
        " NIGHTSHIFT_PACKS names nope: there is no such pipeline here."
    )


def test_a_backfill_without_a_gap_costs_nothing_and_is_within_its_limit(preflight):
    assert preflight(count=0)["estimate_usd"] == 0


def test_prices_older_than_ninety_days_are_a_warning():
    assert instances.age_warning("2026-01-01", date(2026, 4, 1), 90) == ""
    assert "91 days old (2026-01-01): refresh them with make prices" in instances.age_warning(
        "2026-01-01", date(2026, 4, 2), 90
    )


@pytest.mark.parametrize(
    ("rate", "warned"),
    [("put", {"emr", "host", "glue"}), ("gp2", {"emr", "host"}), ("ipv4", {"host"}), ("glue_dpu", {"glue"})],
)
def test_a_night_is_warned_of_the_age_of_what_its_own_bill_is_made_of(preflight, tmp_path, rate, warned):
    file = tmp_path / "prices.toml"
    file.write_text(f'[rates.us-east-1]\n{rate} = {{ usd = 0.001, as_of = "2025-01-01" }}\n')
    given = {"prices_file": file, "prices_max_age_days": 90}
    seen = {
        "emr": preflight(None, given),
        "host": preflight(None, given, pipeline=COVID_HOSPITALS, ingest="api"),
        "glue": preflight(None, given, compute="glue"),
    }
    assert {name for name, one in seen.items() if "days old (2025-01-01)" in one.get("warning", "")} == warned


def limit_of(body):
    return int(body["BootstrapActions"][0]["ScriptBootstrapAction"]["Args"][0])


def test_a_cluster_ends_itself_when_its_dollars_are_used_and_its_tags_say_which(night):
    hour = cost.hourly(spec.fleets(night), instances.of(night.settings))
    body = job_flow(replace(night, max_usd=1.0))
    assert limit_of(body) == pytest.approx((60 / hour - cost.PROVISIONING_MINUTES) * 60, abs=2)
    tags = {tag["Key"]: tag["Value"] for tag in body["Tags"]}
    assert (tags["nightshift:max_usd"], tags["nightshift:limit_seconds"]) == ("1.00", str(limit_of(body)))
    assert limit_of(job_flow(night)) == 360 * 60 and len(job_flow(night)["Tags"]) == len(tags) - 2
    with pytest.raises(ComputeError, match=r"may cost \$0.10 and has used \$0.00") as refused:
        job_flow(replace(night, max_usd=0.1))
    assert "--max-usd 0.20" in refused.value.next_action
    left = spec.limit_seconds(replace(night, max_usd=1.0), spent=0.4)
    assert left == pytest.approx(limit_of(body) - 0.4 / hour * 3600, abs=2), "a cluster that replaces another"


def test_the_end_of_such_a_cluster_has_its_reason_and_that_of_another_emrs():
    began, ended = NOW, NOW + timedelta(minutes=41)
    status = {
        "State": "TERMINATED",
        "StateChangeReason": {"Code": "USER_REQUEST", "Message": "Terminated by user request"},
        "Timeline": {"CreationDateTime": began, "EndDateTime": ended},
    }

    def why(seconds, **more):
        tags = [{"Key": "nightshift:max_usd", "Value": "1.00"}, {"Key": spec.LIMIT_SECONDS, "Value": seconds}]
        lived = {**status, "Timeline": {**status["Timeline"], **more}}
        return place_of({"Id": "j-1", "Name": "n", "Status": lived, "Tags": tags}).why

    assert why("2400") == (
        "USER_REQUEST: it reached its limit in dollars, max_usd $1.00, after 41 minutes, and ended itself"
    )
    assert why("3600") == "USER_REQUEST: Terminated by user request"
    ready = ended - timedelta(minutes=30)
    assert why("2400", ReadyDateTime=ready) == why("3600"), "the teardown was before the timer, which began later"


@pytest.mark.parametrize("target", ["serverless", "glue", "eks", "kubernetes"])
def test_a_job_elsewhere_gets_what_is_left_of_the_dollars_as_its_time(words, target):
    run = replace(words, compute=target, max_usd=1.0)
    price = targets.of(run).estimate
    limit = one_by_one.limit_minutes(run, price, ())
    assert price(run, limit) <= 1.0 < price(run, limit + 1)
    before = SubmittedJob("1", "a", JobState.COMPLETED, "", started_at=NOW - timedelta(minutes=5), ended_at=NOW)
    assert one_by_one.limit_minutes(run, price, [before]) == limit - 5
    over = SubmittedJob("2", "b", JobState.CANCELLED, "", started_at=NOW, ended_at=NOW + timedelta(minutes=limit))
    assert one_by_one.dollars_ended(run, price, [over]).startswith(cost_limit.REACHED)
    assert one_by_one.dollars_ended(run, price, [before]) == ""
    assert one_by_one.limit_minutes(replace(run, max_usd=None), price, ()) == 180
    with pytest.raises(ComputeError, match="pays for no further start"):
        one_by_one.limit_minutes(replace(run, max_usd=0.001), price, ())


def test_a_limit_outlives_the_airflow_that_knew_it(night):
    assert from_marker(night.settings, replace(night, max_usd=2.5).identity).max_usd == 2.5
    assert night.dollar_limit == night.settings.max_usd_per_night


def test_a_spot_price_is_the_mean_over_the_nodes_life():
    quotes = [(NOW + timedelta(hours=h), usd) for h, usd in ((-5, 9.0), (-1, 0.1), (1, 0.3), (5, 7.0))]
    assert bill.average(quotes[::-1], NOW, NOW + timedelta(hours=2)) == pytest.approx(0.2)
    assert bill.average(quotes[3:], NOW, NOW + timedelta(hours=2)) == 7.0, "only a later one is known"
    assert bill.average([], NOW, NOW) is None and bill.average(quotes, NOW, NOW) == 0.1


def test_nodes_are_emrs_with_ec2s_spot_price_and_a_refusal_leaves_the_fleets(aws, settings, monkeypatch):
    times = {"CreationDateTime": NOW, "EndDateTime": NOW + timedelta(hours=1)}
    listed = [
        {"InstanceType": "m5.xlarge", "Market": market, "Status": {"Timeline": times}}
        for market in ("ON_DEMAND", "SPOT")
    ]
    monkeypatch.setattr(EmrClient, "instances", lambda *_: listed)
    monkeypatch.setattr(
        EmrClient, "cluster", lambda *_: {"Ec2InstanceAttributes": {"Ec2AvailabilityZone": "us-east-1a"}}
    )
    place = Place("j-1", "n", PlaceState.GONE, "TERMINATED")
    own, spot = bill.nodes(settings, [place], NOW)
    assert own.spot is None and spot.spot == pytest.approx(0.00001), "moto's answer"
    assert cost.spot_words([own, spot]) == "Spot as it was" and cost.spot_words([own]) == ""
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListInstances")

    def refuse(*_):
        raise refused

    monkeypatch.setattr(EmrClient, "instances", refuse)
    assert bill.nodes(settings, [place], NOW) == []


def test_a_month_is_the_sum_of_its_runs_parts_and_shares():
    seconds = {"billed": 1000, "start_up": 400, "working": 560, "idle": 40}
    runs = [
        record(0, cost={"measured": 0.5, "parts": {"EC2": 0.4, "EBS": 0.1}, "seconds": seconds}),
        record(1, cost={"measured": None}),
        record(400, cost={"measured": 0.25}),
    ]
    [(key, first), (later, _)] = months.of(runs, "UTC").items()
    assert (key, later) == (("2026-01", "wordcount"), ("2026-03", "wordcount"))
    assert (first.runs, first.unpriced, first.usd, first.parts["EC2"]) == (2, 1, 0.5, 0.4)
    assert (first.share("start_up"), first.share("idle")) == (0.4, 0.04)
    assert list(months.of(runs, "UTC", only="2026-03")) == [later]


def used(busy=0.25, heap=2, spilled=0, cores=16):
    return spark_events.Usage(100, 100 * cores * busy, 60, cores, 0, spilled, heap * 2**30)


def test_advice_is_fewer_nodes_for_idle_cores_and_keeps_time_and_memory(settings):
    table, now = instances.of(settings), advice.Machines("m5.xlarge", 4)
    seconds = {"start_up": 420, "working": 1200, "idle": 60}
    better = advice.machines(now, used(), seconds, table)
    assert better.machines.workers < 4 and better.saving > 0.3
    assert better.minutes <= (1200 * advice.SLOWER + 480) / 60
    spilling = advice.machines(now, used(spilled=1), seconds, table)
    assert table.type(spilling.machines.type).gib >= 16, "memory was short"
    assert table.type(advice.machines(now, used(heap=0), seconds, table).machines.type).gib >= 16, "it is not known"
    busy = advice.machines(now, used(busy=1.0), seconds, table)
    assert busy is None or busy.machines.workers >= 3


def test_advice_names_the_targets_that_would_have_cost_less():
    runs = [
        record(n, compute={"target": "emr"}, cost={"measured": 0.5, "elsewhere": {"glue": 0.2, "eks": 0.49}})
        for n in range(3)
    ]
    known = advice.nights([*runs, record(9, outcome="failed", compute={"target": "emr"})], "emr")
    assert (len(known), list(advice.elsewhere(known))) == (3, [("glue", 0.2, 0.6)])
    assert advice.shares(known) == {}
