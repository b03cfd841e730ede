"""What the reaper's task hears from Airflow about a run."""

from types import SimpleNamespace

import httpx
import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from nightshift.reaper.operator import state_of
from nightshift.reaper.verdict import GONE


def told(status):
    """As the task's supervisor passes an answer of the API on."""
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": status}))


def answered(status):
    """As the client raises it where there is no supervisor."""
    request = httpx.Request("GET", "http://127.0.0.1/execution/dag-runs")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(status, request=request))


def instance(error):
    def ask(dag_id, run_id):
        raise error

    return SimpleNamespace(get_dagrun_state=ask)


@pytest.mark.parametrize("refusal", [told, answered])
def test_a_run_that_airflow_does_not_know_is_gone(refusal):
    assert state_of(instance(refusal(404)), "wordcount", "manual__x") == GONE


@pytest.mark.parametrize("refusal", [told, answered])
def test_an_airflow_that_cannot_answer_is_not_taken_for_one_that_forgot(refusal):
    with pytest.raises((AirflowRuntimeError, httpx.HTTPStatusError)):
        state_of(instance(refusal(503)), "wordcount", "manual__x")
