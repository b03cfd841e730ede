"""Waiting: the triggerer's way and the task's own, with the same answers."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pydoc import locate

import pytest

from nightshift.failures.errors import InputsMissing
from nightshift.operators.inputs import WaitForInputsOperator
from nightshift.waits import probes
from nightshift.waits.triggers import ProbeTrigger

IN_A_MINUTE = 60


@pytest.fixture
def answers(monkeypatch):
    """A probe that gives these answers, one a question; the last one for ever."""

    def script(*given):
        left = list(given)

        def scripted(settings, **arguments):
            asked.append(arguments)
            return left.pop(0) if len(left) > 1 else left[0]

        asked = []
        monkeypatch.setitem(probes.PROBES, "scripted", scripted)
        return asked

    return script


def trigger(patience=IN_A_MINUTE):
    return ProbeTrigger("scripted", {"step_id": "s-1"}, 0.01, time.time() + patience)


def fired(waiting):
    async def first():
        return await anext(waiting.run())

    return asyncio.run(first()).payload


def test_the_triggerer_asks_until_there_is_news(answers):
    asked = answers(None, None, {"state": "COMPLETED"})
    assert fired(trigger()) == {"state": "COMPLETED"}
    assert asked == [{"step_id": "s-1"}] * 3


def test_without_a_triggerer_the_task_asks_itself(answers, settings):
    answers(None, {"state": "FAILED"})
    assert trigger().block(settings) == {"state": "FAILED"}


def test_a_wait_ends_at_its_deadline_in_either_way(answers, settings):
    answers(None)
    assert fired(trigger(patience=-1)) == {"overdue": True}
    assert trigger(patience=-1).block(settings) == {"overdue": True}


def test_news_that_comes_with_the_deadline_is_news(answers):
    answers({"state": "COMPLETED"})
    assert fired(trigger(patience=-1)) == {"state": "COMPLETED"}


def test_early_news_waits_for_better_but_not_beyond_the_deadline(answers, settings):
    early, whole = {"state": "FAILED", "early": True}, {"state": "FAILED"}
    answers(early, whole)
    assert fired(trigger()) == whole
    answers(early)
    assert fired(trigger(patience=-1)) == early
    assert trigger(patience=-1).block(settings) == early


def test_a_trigger_survives_the_way_to_the_triggerer_and_back():
    path, arguments = trigger().serialize()
    assert locate(path)(**arguments).serialize() == (path, arguments)


def test_input_is_complete_only_when_no_file_came_for_a_while(aws, settings, s3_clock):
    patient = replace(settings, settle_seconds=600)
    assert probes.inputs_settled(patient, "drops/") is None
    aws("s3").put_object(Bucket="acme-night-raw", Key="drops/unit_001/pedido.csv", Body=b"12345")
    assert probes.inputs_settled(patient, "drops/") is None
    s3_clock(timedelta(minutes=11), of=patient)
    assert probes.inputs_settled(patient, "drops/") == {"files": 1, "bytes": 5}


def test_a_folder_marker_is_no_input(aws, settings):
    aws("s3").put_object(Bucket="acme-night-raw", Key="drops/", Body=b"")
    assert probes.inputs_settled(settings, "drops/") is None


def test_keys_that_are_another_path_to_the_jobs_are_told_before_a_cluster_costs_money(aws, settings):
    for key in ("drops/a.csv", "drops/../b.csv", "drops/x//c.csv", "drops/./d.csv", "drops/full/"):
        aws("s3").put_object(Bucket=settings.bucket("raw"), Key=key, Body=b"12345")
    told = ["drops/../b.csv", "drops/./d.csv", "drops/full/", "drops/x//c.csv"]
    assert probes.inputs_settled(settings, "drops/") == {"files": 1, "bytes": 5, "unreadable": told}


def test_gold_of_another_pipeline_is_waited_for_in_the_lake(settings, aws):
    s3, prefix = aws("s3"), "gold/wordcount/word_counts/business_date=2026-01-04/"
    for kind in ("raw", "lake"):
        s3.create_bucket(Bucket=settings.bucket(kind))
    assert probes.inputs_settled(settings, prefix, "lake") is None
    s3.put_object(Bucket=settings.bucket("lake"), Key=f"{prefix}part-00000.parquet", Body=b"PAR1")
    assert probes.inputs_settled(replace(settings, settle_seconds=0), prefix, "lake") == {"files": 1, "bytes": 4}
    assert probes.inputs_settled(replace(settings, settle_seconds=0), prefix) is None


def test_input_that_never_came_is_named_with_its_place(settings, night):
    wait = WaitForInputsOperator(task_id="w", pipeline=night.pipeline, settings=settings, wait_minutes=240)
    error = wait.overdue(night)
    assert isinstance(error, InputsMissing)
    assert "s3://acme-night-raw/mrhealth/csv_sales/2026/01/04/ after 240 minutes" in str(error)
