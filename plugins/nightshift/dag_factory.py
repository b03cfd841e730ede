"""DAG factory: builds the DAGs of pipelines, backfills and the reaper. Only this module knows the task order."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pendulum
from airflow.sdk import DAG, BaseOperator, Param, TriggerRule, chain

from nightshift.config import Settings
from nightshift.contracts.pipeline import Option, Pipeline
from nightshift.operators.backfill import (
    ClaimDaysOperator,
    PlanBackfillOperator,
    PublishDaysOperator,
    SubmitDaysOperator,
    WaitForDaysOperator,
)
from nightshift.operators.claim import ClaimDateOperator
from nightshift.operators.compute import (
    PublishJobsOperator,
    StartComputeOperator,
    StopComputeOperator,
    SubmitJobsOperator,
    WaitForComputeOperator,
)
from nightshift.operators.contract import CheckInputsOperator
from nightshift.operators.freshness import CheckFreshnessOperator
from nightshift.operators.gold import AuditOperator, PublishOperator
from nightshift.operators.ingest import IngestOperator, StopHostOperator
from nightshift.operators.inputs import WaitForInputsOperator
from nightshift.operators.jobs import WaitForJobOperator
from nightshift.operators.outcome import OutcomeOperator
from nightshift.operators.preflight import PreflightOperator
from nightshift.operators.proof import ProveNothingLeftOperator
from nightshift.operators.report import ReportOperator
from nightshift.operators.terraform import (
    ApplyFoundationOperator,
    ApplyTransientOperator,
    DestroyTransientOperator,
    OpenStateOperator,
)
from nightshift.reaper.operator import ReapOperator
from nightshift.report import product_page
from nightshift.run import parameters

START = pendulum.datetime(2025, 1, 1, tz="America/Sao_Paulo")
SHORT, LONG = timedelta(minutes=15), timedelta(minutes=60)


def night_dag(pipeline: Pipeline, settings: Settings, doc_md: str | None) -> DAG:
    """Build the DAG of one pipeline: setups and work, two teardowns, then the proof that nothing is left, the report
    and the outcome. Its page in the UI is `doc_md` followed by the contract.

    No dagrun_timeout: it would skip the teardowns (docs/decisions/0002-outcome-and-teardown.md). Each task has its
    own limit instead.
    """
    with DAG(
        dag_id=pipeline.name,
        dag_display_name=pipeline.title,
        doc_md=f"{doc_md}\n\n{product_page.page(pipeline)}",
        schedule=settings.when,
        start_date=START.in_timezone(settings.timezone),
        catchup=False,
        max_active_runs=1,
        params=form(pipeline),
        tags=["nightshift"],
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        _wire(pipeline, settings)
    return dag


def backfill_dag(backfill: Pipeline, settings: Settings, doc_md: str | None) -> DAG:
    """Build the DAG that makes missing days of a pipeline on one cluster: on request, with dry_run on by default."""
    with DAG(
        dag_id=backfill.name,
        dag_display_name=backfill.title,
        doc_md=doc_md,
        schedule=None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params=backfill_form(backfill),
        tags=["nightshift"],
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        _wire(backfill, settings)
    return dag


def reaper_dag(settings: Settings, doc_md: str | None) -> DAG:
    """Build the reaper's DAG: it cleans up what dead runs left and checks how old gold is. It starts unpaused."""
    dry_run = Param(False, type="boolean", title="Dry run", description="Say what is dead; touch nothing.")
    with DAG(
        dag_id="reaper",
        dag_display_name="Reaper",
        doc_md=doc_md,
        schedule=settings.reap_schedule,
        start_date=START.in_timezone(settings.timezone),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params={"dry_run": dry_run},
        tags=["nightshift"],
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        ReapOperator(task_id="reap", settings=settings, execution_timeout=LONG, retries=1)
        CheckFreshnessOperator(task_id="check_freshness", settings=settings, execution_timeout=SHORT)
    return dag


def _wire(pipeline: Pipeline, settings: Settings) -> None:
    task = partial(_task, pipeline=pipeline, settings=settings)
    wait = partial(task, execution_timeout=None)

    preflight = task(PlanBackfillOperator if pipeline.fills else PreflightOperator, "preflight", retries=0)
    open_state = task(OpenStateOperator, "open_state").as_setup()
    foundation = task(ApplyFoundationOperator, "apply_foundation", execution_timeout=LONG)
    transient = task(ApplyTransientOperator, "apply_transient", execution_timeout=LONG).as_setup()
    jobs = task(PublishJobsOperator, "publish_jobs").as_setup()
    claim, *inputs = _days_of(task) if pipeline.fills else _inputs(pipeline, task, wait, settings)
    cluster = task(StartComputeOperator, "start_compute").as_setup()
    ready = wait(WaitForComputeOperator, "wait_for_compute", wait_minutes=settings.cluster_timeout_minutes).as_setup()
    submit = task(SubmitDaysOperator if pipeline.fills else SubmitJobsOperator, "submit_jobs").as_setup()
    *staged, publish = _many_days(task, wait, settings) if pipeline.fills else _one_day(pipeline, task, wait, settings)
    terminate = wait(StopComputeOperator, "stop_compute", wait_minutes=settings.cluster_timeout_minutes)
    destroy = task(DestroyTransientOperator, "destroy_transient", execution_timeout=LONG)
    proof = task(ProveNothingLeftOperator, "prove_nothing_left", trigger_rule=TriggerRule.ALL_DONE)
    report = task(ReportOperator, "report", trigger_rule=TriggerRule.ALL_DONE)
    outcome = task(OutcomeOperator, "outcome")

    chain(preflight, open_state, foundation, transient, jobs, claim, *inputs, cluster, ready, submit, *staged)
    chain([submit, *staged][-1], publish, terminate, destroy, proof, report, outcome)
    # A task that later ones need is a setup, so that clearing one of those runs it again: also the steps and the audit,
    # since destroy_transient deletes the staged data. open_state is a setup of both teardowns, so that both run however
    # far the other setups got, also when start_compute failed after EMR had accepted the request.
    terminate.as_teardown(setups=[open_state, cluster, ready, submit])
    destroy.as_teardown(setups=[open_state, transient, jobs, claim, *staged])
    [publish, terminate, destroy, proof] >> outcome  # else a successful teardown makes a failed run green


def _inputs(pipeline: Pipeline, task: Any, wait: Any, settings: Settings) -> list[Any]:
    """The tasks that claim the business date, fetch input (if the pipeline has routes), wait for it and check it."""
    minutes = settings.input_timeout_minutes
    return [
        wait(ClaimDateOperator, "claim_date", wait_minutes=minutes).as_setup(),
        *(_fetching(task, wait, settings) if pipeline.routes else []),
        wait(WaitForInputsOperator, "wait_for_inputs", wait_minutes=minutes),
        task(CheckInputsOperator, "check_inputs"),
    ]


def _fetching(task: Any, wait: Any, settings: Settings) -> list[Any]:
    """The tasks that fetch input on an ingestion host and end that host."""
    ingest = wait(IngestOperator, "ingest", wait_minutes=settings.ingest_timeout_minutes)
    return [ingest, task(StopHostOperator, "stop_host")]


def _one_day(pipeline: Pipeline, task: Any, wait: Any, settings: Settings) -> list[Any]:
    """The tasks that stage a night's gold and audit it; the last one publishes it."""
    steps = [_wait_for(step.name, wait, settings).as_setup() for step in pipeline.steps]
    return [*steps, task(AuditOperator, "audit").as_setup(), task(PublishOperator, "publish")]


def _days_of(task: Any) -> list[Any]:
    """The task that claims a backfill's dates; preflight has checked their input."""
    return [task(ClaimDaysOperator, "claim_days").as_setup()]


def _many_days(task: Any, wait: Any, settings: Settings) -> list[Any]:
    """The task that waits for the steps of all days, then the one that audits and publishes each day."""
    minutes = settings.lifetime_hours * 60
    waiting = wait(WaitForDaysOperator, "wait_for_days", wait_minutes=minutes).as_setup()
    return [waiting, task(PublishDaysOperator, "publish", execution_timeout=LONG)]


def _task(operator: type[BaseOperator], task_id: str, **arguments: Any) -> Any:
    return operator(task_id=task_id, **{"execution_timeout": SHORT, **arguments})


def _wait_for(step: str, wait: Any, settings: Settings) -> Any:
    return wait(WaitForJobOperator, f"job_{step}", step=step, wait_minutes=settings.step_timeout_minutes)


def _defaults(settings: Settings) -> dict[str, Any]:
    delay = timedelta(seconds=settings.retry_seconds)
    return {
        "owner": settings.name,
        "retries": settings.retries,
        "retry_delay": delay,
        "retry_exponential_backoff": True,
        "max_retry_delay": delay * 8,
    }


def form(pipeline: Pipeline) -> dict[str, Param]:
    """The Params of a manual run; a scheduled run uses every default."""
    fields = {
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Business date",
            description="The day that the data is about. Empty: the day before the run.",
        ),
        "input_prefix": Param(
            None,
            type=["null", "string"],
            pattern=parameters.PREFIX,
            title="Input prefix",
            description=f"Folder in the raw bucket. Empty: {pipeline.inputs.shown}",
        ),
        "encoding": Param(
            "utf-8",
            type="string",
            pattern=parameters.ENCODING,
            title="Encoding",
            description="Text encoding of the input files.",
        ),
        "keep_cluster": Param(
            False,
            type="boolean",
            title="Keep the cluster",
            description="For debugging: nothing is torn down; the cluster ends itself when it is idle.",
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Check, plan and price; create nothing."),
        "replay": Param(
            False,
            type="boolean",
            title="Replay the quarantine",
            description="Judge again what bronze refused of this date, after a fix of its rules; no input is read.",
        ),
        "apply_foundation": Param(
            False,
            type="boolean",
            title="Look at the foundation",
            description="Apply or compare it also if a run of today did and nothing about it has changed since.",
        ),
        "ssh_cidr": Param(
            None,
            type=["null", "string"],
            pattern=parameters.SSH_CIDR,
            title="SSH from",
            description="Make a key pair for this run and open port 22 to this network, say 198.51.100.7/32.",
        ),
    }
    idle = {*(() if pipeline.encodings else ("encoding",)), *(() if pipeline.reads_files else ("input_prefix",))}
    kept = {name: field for name, field in fields.items() if name not in idle}
    return {**kept, **{option.name: _field(option) for option in pipeline.options}}


def backfill_form(pipeline: Pipeline) -> dict[str, Param]:
    """The Params of a backfill; dry_run is on by default."""
    common = {"encoding", "apply_foundation", *_own(pipeline)}
    kept = {name: field for name, field in form(pipeline).items() if name in common}
    return {
        "first": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First business date",
            description="Both dates must be given. Only days of the range that have a gap are made.",
        ),
        "last": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last business date",
            description="It belongs to the range.",
        ),
        "dry_run": Param(
            True, type="boolean", title="Dry run", description="Show the gaps, time and price; make none."
        ),
        **kept,
    }


def _own(pipeline: Pipeline) -> list[str]:
    return [option.name for option in pipeline.options]


def _field(option: Option) -> Param:
    limits: dict[str, Any] = {"enum": list(option.choices)} if option.choices else {"pattern": option.pattern}
    return Param(option.default, type="string", title=option.title, description=option.about, **limits)
