"""Any failure becomes a card, and its cause decides about a retry."""

from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTerminated, AirflowTaskTimeout, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from nightshift.failures import cards, errors
from nightshift.failures.causes import REMEDIES, Cause
from nightshift.failures.interrupted import Interrupted

LOCKED = """\
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error S3: PutObject, https response error StatusCode: 412, PreconditionFailed
│ Lock Info:
│   ID:        6c1f
│   Who:       airflow@worker-1
╵
"""
REFUSED = """\
module.cluster_network.aws_security_group.master: Creating...
╷
│ Error: creating Security Group (acme): operation error EC2: CreateSecurityGroup, api error UnauthorizedOperation: You
│ are not authorized to perform this operation.
│
│   with aws_security_group.master,
│   on main.tf line 12, in resource "aws_security_group" "master":
│   12: resource "aws_security_group" "master" {
│
╵
"""


def of_aws(code, status=400, operation="PutObject"):
    meta = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": meta}, operation)


def full(path="/dev/full"):
    """What Python raises when the disk is full, from a device that always is."""
    try:
        Path(path).write_text("x")
    except OSError as error:
        return error


def terraform(tail):
    return errors.TerraformError("apply", "transient", 1, tail)


CAUSES = [
    (errors.AuditFailed("x", "c.toml"), Cause.DATA),
    (errors.ParameterError("x"), Cause.DATA),
    (errors.SettingsError("x"), Cause.CODE),
    (KeyError("cluster_id"), Cause.CODE),
    (of_aws("ValidationException"), Cause.CODE),
    (errors.ComputeError("x", kind="bootstrap"), Cause.BOOTSTRAP),
    (errors.ComputeError("TERMINATED_WITH_ERRORS (BOOTSTRAP_FAILURE: On the master instance)"), Cause.BOOTSTRAP),
    (errors.ComputeError("x", kind="capacity"), Cause.CAPACITY),
    (errors.ComputeError("Cluster j-1 (INSTANCE_FLEET_TIMEOUT: Failed to provision)"), Cause.CAPACITY),
    (errors.ComputeError("x", kind="lost"), Cause.CAPACITY),
    (errors.ComputeError("TERMINATED (USER_REQUEST: Terminated by user request)"), Cause.STOPPED),
    (errors.ComputeError("(VALIDATION_ERROR: The instance profile EMR_EC2 is invalid)"), Cause.IAM),
    (errors.ComputeError("(INTERNAL_ERROR: An internal error occurred)"), Cause.THROTTLE),
    (errors.ComputeError("(VALIDATION_ERROR: No such release label)"), Cause.CODE),
    (of_aws("AccessDenied", 403), Cause.IAM),
    (of_aws("AccessDeniedException"), Cause.IAM),
    (of_aws("UnauthorizedOperation"), Cause.IAM),
    (of_aws("403", 403, "HeadBucket"), Cause.IAM),
    (NoCredentialsError(), Cause.IAM),
    (terraform(REFUSED), Cause.IAM),
    (of_aws("ThrottlingException"), Cause.THROTTLE),
    (of_aws("SlowDown", 503), Cause.THROTTLE),
    (of_aws("RequestLimitExceeded"), Cause.THROTTLE),
    (of_aws("SomethingNew", 500), Cause.THROTTLE),
    (EndpointConnectionError(endpoint_url="https://e"), Cause.THROTTLE),
    (ReadTimeoutError(endpoint_url="https://e"), Cause.THROTTLE),
    (IncompleteReadError(actual_bytes=1, expected_bytes=2), Cause.THROTTLE),
    (ResponseStreamingError(error="reset"), Cause.THROTTLE),
    (FlexibleChecksumError(error_msg="x"), Cause.THROTTLE),
    (ConnectionResetError("supervisor"), Cause.THROTTLE),
    (TimeoutError("timed out"), Cause.THROTTLE),
    (AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR)), Cause.THROTTLE),
    (terraform("Error: api error Throttling: Rate exceeded"), Cause.THROTTLE),
    (AirflowTaskTimeout("Timeout, PID: 7"), Cause.TIMEOUT),
    (errors.WaitTimeout("x"), Cause.TIMEOUT),
    (terraform("Error: Unsupported argument"), Cause.TERRAFORM),
    (terraform("Error: Failed to install provider\n\nwrite .terraform/x: no space left on device"), Cause.DISK),
    (terraform("Error: Failed to save state\n\nDisk quota exceeded"), Cause.DISK),
    (full(), Cause.DISK),
    (RuntimeError("(sqlite3.OperationalError) database or disk is full"), Cause.DISK),
    (FileNotFoundError(2, "No such file or directory", "x"), Cause.CODE),
    (terraform(LOCKED), Cause.LOCK),
    (errors.InputsMissing("x"), Cause.UPSTREAM),
    (SystemExit(143), Cause.STOPPED),
    (KeyboardInterrupt(), Cause.STOPPED),
    (Interrupted("x"), Cause.STOPPED),
    (AirflowTaskTerminated("x"), Cause.STOPPED),
    (terraform("Interrupt received.\nError: execution halted"), Cause.STOPPED),
    (errors.SomethingLeft("x"), Cause.LEAK),
    (of_aws("DependencyViolation", operation="DeleteSecurityGroup"), Cause.LEAK),
]


@pytest.mark.parametrize(("error", "cause"), CAUSES, ids=lambda value: repr(value)[:60])
def test_every_error_has_its_cause_a_message_in_one_line_and_a_next_action(error, cause):
    card = cards.card(error, "some_task")
    assert card["cause"] == cause
    assert card["message"]
    assert "\n" not in card["message"]
    assert card["next_action"].endswith(".")


def test_who_stopped_a_run_is_looked_for_where_it_was_started():
    typed = "run `./nightshift run wordcount` again"
    here = cards.card(KeyboardInterrupt(), "t", again=typed)["next_action"]
    assert here == f"Find out who or what stopped it (Ctrl-C, or a signal), then {typed}."
    assert "(a person: Airflow's audit log), then clear the task" in cards.card(KeyboardInterrupt(), "t")["next_action"]


@pytest.mark.parametrize("said", ["stopped", None, ["x"]], ids=repr)
def test_what_a_foreign_error_calls_its_cause_is_none_of_ours(said):
    error = RuntimeError("x")
    error.cause = said
    assert cards.card(error, "t")["cause"] == Cause.CODE


def test_every_cause_is_shown_by_one_of_these_and_has_a_remedy():
    assert {cause for _, cause in CAUSES} == set(Cause) == set(REMEDIES)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (of_aws("AccessDenied", 403), False),
        (terraform(REFUSED), False),
        (of_aws("SlowDown", 503), True),
        (of_aws("DependencyViolation", operation="DeleteSecurityGroup"), True),
        (ReadTimeoutError(endpoint_url="https://e"), True),
        (terraform(LOCKED), True),
        (terraform("Error: anything"), True),
        (AirflowTaskTimeout("Timeout, PID: 7"), True),
        (SystemExit(143), True),
        (Interrupted("x"), False),
        (errors.AuditFailed("x", "c.toml"), False),
        (KeyError("x"), False),
        (errors.InputsMissing("x"), False),
        # What has ended, or had its time, answers the same when it is asked again.
        (errors.WaitTimeout("x"), False),
        (errors.JobFailed("x", cause=Cause.THROTTLE), False),
        (errors.ComputeError("INTERNAL_ERROR"), False),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_only_what_another_try_may_mend_is_tried_again(error, again):
    assert cards.is_worth_a_retry(cards.card(error, "t"), error) is again


def test_terraforms_card_names_the_resource_its_place_and_keeps_the_end_of_its_words():
    card = cards.card(terraform("noise\n" * 60 + REFUSED), "apply_transient")
    assert card["message"].startswith(
        "terraform apply of transient ended with exit code 1: Error: creating Security Group"
    )
    assert card["message"].endswith("(aws_security_group.master)")
    assert (card["traceback"]["file"], card["traceback"]["line"]) == ("main.tf", 12)
    assert (len(card["tail"]), card["tail_of"]) == (40, "terraform")


def test_an_error_that_nobody_expected_names_the_place_in_our_code():
    try:
        errors.first_error(None)
    except AttributeError as error:
        card = cards.card(error, "t")
    assert (card["traceback"]["file"], card["traceback"]["function"]) == (
        "nightshift/failures/errors.py",
        "first_error",
    )
    assert card["message"].startswith("AttributeError: 'NoneType'")


def test_the_card_as_text_says_what_where_which_file_what_next_and_ends_with_the_log():
    details = {
        "traceback": {"file": "wordcount/job.py", "line": 26, "function": "bronze", "error": "ValueError: y"},
        "input_file": "s3://raw/a.txt",
        "tail": ["one", "two"],
        "tail_of": "stdout",
        "links": {"step_log": "s3://logs/"},
    }
    error = errors.JobFailed("Step bronze is FAILED: x", "Look.", details=details)
    assert cards.text(cards.card(error, "job_bronze", {"record": "s3://r"})).splitlines() == [
        "FAILED in job_bronze (code): Step bronze is FAILED: x",
        "  At wordcount/job.py line 26, in bronze: ValueError: y",
        "  Input: s3://raw/a.txt",
        "  Next: Look.",
        "  Step logs: s3://logs/",
        "  Record: s3://r",
        "  The end of stdout:",
        "  | one",
        "  | two",
    ]


def test_a_card_can_be_made_of_a_finding_without_an_exception():
    card = cards.observed("job_gold", Cause.LEAK, "j-1 is\nalive")
    assert card.keys() == cards.card(errors.SomethingLeft("x"), "t").keys()
    assert (card["message"], card["next_action"]) == ("j-1 is alive", REMEDIES[Cause.LEAK].next_action)
