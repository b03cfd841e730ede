"""The operator's page, the DAGs' pages and the advice of a failure report agree with the code, and fit the place."""

import re
from dataclasses import replace

import pytest

from nightshift.compute import targets
from nightshift.config import Settings
from nightshift.failures import cards, errors
from nightshift.failures.causes import REMEDIES, Cause, advice
from nightshift.pipelines import REGISTRY
from nightshift.report import runbook
from nightshift.run import links, parameters
from nightshift.run.tasks import Task
from nightshift.state import heartbeat
from tools import paths

PAGE = (paths.ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
AGAIN = "run `./nightshift run wordcount` again"


def test_every_task_and_every_cause_of_the_code_is_on_the_operators_page_and_no_other():
    assert set(runbook.RED) == {*map(str, Task), runbook.JOB}
    assert runbook.titled_tasks_table() in PAGE and runbook.causes_table() in PAGE
    rows = set(re.findall(r"^\| `([a-z_…]+)` \|", PAGE, re.MULTILINE))
    assert rows == {*map(str, Task), *map(str, Cause), runbook.JOB}


def test_no_page_sends_the_operator_to_the_left_or_to_a_last_line():
    pages = [PAGE, *map(runbook.page, REGISTRY.packages.values())]
    assert all("from the grid's top" in page for page in pages[1:]) and len(pages) > 4
    assert not [words for words in ("from the left", "last line says") for page in pages if words in page]


@pytest.mark.parametrize("cause", [cause for cause in Cause if "clear the task" in REMEDIES[cause].next_action])
def test_nobody_without_airflow_is_sent_to_clear_a_task(cause):
    here = cards.observed("job_gold", cause, "It fell.", again=AGAIN)["next_action"]
    assert AGAIN in here.replace("Run `", "run `") and "clear" not in here.lower()
    assert cards.observed("job_gold", cause, "It fell.")["next_action"] == REMEDIES[cause].next_action


def test_the_advice_of_every_error_can_be_put_in_the_words_of_the_place():
    own = [
        kind.next_action for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "next_action")
    ]
    assert any("lear the task" in words for words in own)
    assert not [words for words in own if "with downstream" in advice(words, AGAIN)]


@pytest.mark.parametrize("given", ["", " --encoding utf-8", " --encoding=utf-8"])
def test_another_encoding_is_in_the_command_that_is_to_be_run(given):
    refused = errors.EncodingRefused("x", "cp1252").next_action
    here = advice(refused, f"run `./nightshift run wordcount --input 'a b'{given} --date 2026-01-04` again")
    command = "./nightshift run wordcount --input 'a b' --date 2026-01-04 --encoding cp1252"
    assert here == f"Run `{command}`, or have the sender deliver the encoding that was named."


def test_links_are_those_of_aws_or_of_the_files_that_are_kept_here(words):
    service = targets.of(words).links(words, "j-1", "s-1")
    assert links.there(words, service, "wordcount") == service
    assert links.record(words).startswith("s3://acme-night-lake/runs/wordcount/")
    here = replace(words, settings=replace(words.settings, kept_dir="/home/ana/runs"))
    folder = f"/home/ana/runs/wordcount/{words.slug}"
    assert links.there(here, service, "wordcount") == {"step_log": f"{folder}/logs/wordcount/"}
    assert links.there(here, service) == {}
    assert links.record(here) == f"{folder}/record.json" and links.record_uri(here) == links.record(words)


def test_a_laptops_reaper_is_not_missed(settings):
    assert heartbeat.silence(replace(settings, conductor=1)) == ""
    assert heartbeat.silence(replace(settings, reap_schedule="none")) == ""
    assert Settings().reaps_when == "*/15 * * * *"


def test_a_run_with_a_mistyped_parameter_is_refused_with_the_one_that_was_meant():
    with pytest.raises(errors.ParameterError, match=r"no parameter 'encodng': did you mean encoding\?"):
        parameters.refuse_unknown({"encodng": "latin-1"}, {"encoding", "dry_run"})
    parameters.refuse_unknown({"encoding": "latin-1"}, {"encoding", "dry_run"})
