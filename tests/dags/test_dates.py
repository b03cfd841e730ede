"""Which business date a run works on, by the ways in which Airflow makes runs: its own timetable and models."""

from datetime import UTC, datetime

import pytest
from airflow.api_fastapi.core_api.datamodels.dag_run import TriggerDAGRunPostBody
from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType
from airflow.serialization.serialized_objects import DagSerialization

from nightshift.failures.errors import ParameterError

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def dag(dags):
    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dags["wordcount"]))


@pytest.fixture
def worked_on(dags):
    """The business date of a run as a task gets it."""

    def date_of(run_type, run_after, logical_date=None, interval=None, **params):
        start, end = (interval.start, interval.end) if interval else (None, None)
        run = DagRun(
            dag_id="wordcount", run_id="x", logical_date=logical_date, data_interval_start=start, data_interval_end=end,
            run_after=run_after, start_date=NOW, end_date=None, run_type=run_type, state=DagRunState.RUNNING,
            consumed_asset_events=[], partition_key=None,
        )  # fmt: skip
        return str(dags["wordcount"].task_dict["preflight"]._night({"dag_run": run}, params).business_date)

    return date_of


def posted(dag, logical_date):
    """What the REST API, the form and the command line make of a logical date."""
    asked = TriggerDAGRunPostBody(logical_date=logical_date, conf={}, run_after=NOW).validate_context(dag)
    return asked["run_after"], asked["logical_date"], asked["data_interval"]


@pytest.mark.parametrize("run_type", [DagRunType.MANUAL, DagRunType.OPERATOR_TRIGGERED])
@pytest.mark.parametrize(
    ("logical_date", "day"),
    [
        ("2026-01-15T03:00:00Z", "2026-01-14"),  # midnight in São Paulo
        ("2026-01-15T02:59:59Z", "2026-01-13"),
        ("2026-01-15T18:30:00Z", "2026-01-14"),
        (None, "2026-01-19"),
    ],
)
def test_a_run_that_is_asked_for_works_on_the_eve_of_its_logical_date(dag, worked_on, run_type, logical_date, day):
    assert worked_on(run_type, *posted(dag, logical_date)) == day


def test_a_named_business_date_goes_before_the_logical_date(dag, worked_on):
    asked = posted(dag, "2026-01-15T03:00:00Z")
    assert worked_on(DagRunType.MANUAL, *asked, business_date="2025-12-29") == "2025-12-29"


def test_a_run_of_a_day_to_come_is_refused(dag, worked_on):
    with pytest.raises(ParameterError, match="2026-01-21, which is after today, 2026-01-20"):
        worked_on(DagRunType.MANUAL, *posted(dag, "2026-01-21T12:00:00Z"))


def test_airflows_own_backfill_works_on_what_the_schedule_would_have(dag, worked_on):
    between = (datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 12, 23, tzinfo=UTC))
    infos = list(dag.iter_dagrun_infos_between(*between))
    found = [
        [worked_on(kind, info.run_after, info.logical_date, info.data_interval) for info in infos]
        for kind in (DagRunType.BACKFILL, DagRunType.SCHEDULED)
    ]
    assert found == [["2026-01-09", "2026-01-10", "2026-01-11"]] * 2
