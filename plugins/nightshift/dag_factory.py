"""DAG factory: builds the DAGs of pipelines, backfills, the reaper and drift. Only this module knows the task order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, BaseOperator, Param, TaskGroup, TriggerRule, chain, get_parsing_context
from airflow.sdk.api.datamodels._generated import DagRunType

from nightshift.compute.targets import TARGETS
from nightshift.config import Settings
from nightshift.contracts.pipeline import Option, Pipeline
from nightshift.failures.portuguese import page_spoken
from nightshift.lake import assets
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
from nightshift.operators.drift import LookForDriftOperator
from nightshift.operators.freshness import CheckFreshnessOperator
from nightshift.operators.gold import AuditOperator, PublishOperator
from nightshift.operators.hold import HoldCostOperator, HoldGoldOperator
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
from nightshift.pipelines import REGISTRY
from nightshift.pipelines.registry import Registry
from nightshift.reaper.operator import ReapOperator
from nightshift.report import deadline, runbook
from nightshift.run import formats, task_texts
from nightshift.run.tasks import Group, Task, job
from nightshift.run.timetable import NightTimetable

START = pendulum.datetime(2025, 1, 1, tz="America/Sao_Paulo")
DRIFT_AT = "0 7 * * *"  # after the nights, before people work
# Sections of the trigger form; fields of the data itself come first, without one.
WHAT, COMPUTE, DEBUGGING = "What the run does", "Where it runs", "Debugging: leaves things open or running"
UNPAUSES = "A paused DAG runs only once it is unpaused, which starts its schedule too: pause it again afterwards."
SHORT, LONG = timedelta(minutes=15), timedelta(minutes=60)


def night_dags(registry: Registry, settings: Settings) -> list[DAG]:
    """The DAG of each pipeline; of one only while Airflow loads this file for a task of it."""
    return [
        night_dag(p.pipeline, settings, runbook.page(p)) for name, p in registry.packages.items() if _is_wanted(name)
    ]


def backfill_dags(backfills: Mapping[str, Pipeline], settings: Settings, doc_md: str | None) -> list[DAG]:
    """The DAG of each backfill; of one only while Airflow loads this file for a task of it."""
    return [backfill_dag(backfill, settings, doc_md) for name, backfill in backfills.items() if _is_wanted(name)]


def _is_wanted(dag_id: str) -> bool:
    """Airflow's context of parsing names the DAG that a task belongs to (airflow.sdk.get_parsing_context)."""
    return get_parsing_context().dag_id in {None, dag_id}


def night_dag(pipeline: Pipeline, settings: Settings, doc_md: str | None) -> DAG:
    """Build the DAG of one pipeline: setups and work, two teardowns, then the proof that nothing is left, the report
    and the outcome. `doc_md` is its page in the UI, in English, which shows it in the settings' language.

    Airflow's own Backfill is refused where the pipeline has a backfill DAG, which makes many days on one cluster. No
    dagrun_timeout: it would skip the teardowns (docs/decisions/0002-outcome-and-teardown.md). Each task has its
    own limit instead.
    """
    says = REGISTRY.says(pipeline.product, settings.language)
    with DAG(
        dag_id=pipeline.name,
        **_presented(pipeline.title, doc_md, says),
        schedule=assets.of_input(settings, pipeline) if pipeline.after else _schedule(settings),
        start_date=START.in_timezone(settings.timezone),
        catchup=False,
        max_active_runs=1,
        allowed_run_types=[kind for kind in DagRunType if pipeline.incremental or kind != DagRunType.BACKFILL],
        deadline=deadline.alert(settings),
        params=_spoken(form(pipeline, settings), says),
        tags=_tags(settings, "night", pipeline),
        owner_links=_owner_links(settings),
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        _Wiring(pipeline, settings).draw()
    return dag


def backfill_dag(backfill: Pipeline, settings: Settings, doc_md: str | None) -> DAG:
    """Build the DAG that makes missing days of a pipeline on one cluster: on request, with dry_run on by default."""
    says = REGISTRY.says(backfill.product, settings.language)
    with DAG(
        dag_id=backfill.name,
        **_presented(backfill.title, doc_md, says),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params=_spoken(backfill_form(backfill, settings), says),
        tags=_tags(settings, "backfill", backfill),
        owner_links=_owner_links(settings),
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        _Wiring(backfill, settings).draw()
    dag.doc_md = "\n\n".join((dag.doc_md or "", page_spoken(runbook.tasks_table(dag.task_ids), says)))
    return dag


def reaper_dag(settings: Settings, doc_md: str | None) -> DAG:
    """Build the reaper's DAG: it cleans up what dead runs left and checks how old gold is. It starts unpaused."""
    dry_run = Param(False, type="boolean", title="Dry run", description="Report dead runs; change nothing.")
    says = REGISTRY.says("", settings.language)
    with DAG(
        dag_id="reaper",
        **_presented("Reaper", doc_md, says),
        schedule=settings.reaps_when,
        start_date=START.in_timezone(settings.timezone),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params=_spoken({"dry_run": dry_run}, says),
        tags=_tags(settings, "maintenance"),
        owner_links=_owner_links(settings),
        default_args=_defaults(settings),
        render_template_as_native_obj=True,
    ) as dag:
        reap = _shown("reap", settings)
        ReapOperator(task_id="reap", settings=settings, execution_timeout=LONG, retries=1, **reap)
        fresh = _shown("check_freshness", settings)
        CheckFreshnessOperator(task_id="check_freshness", settings=settings, execution_timeout=SHORT, **fresh)
    return dag


def drift_dag(settings: Settings, doc_md: str | None) -> DAG:
    """Build the DAG that compares the applied stacks with their terraform every day and changes nothing."""
    with DAG(
        dag_id="drift",
        **_presented("Drift", doc_md, REGISTRY.says("", settings.language)),
        schedule=DRIFT_AT,
        start_date=START.in_timezone(settings.timezone),
        catchup=False,
        max_active_runs=1,
        tags=_tags(settings, "maintenance"),
        owner_links=_owner_links(settings),
        default_args=_defaults(settings),
    ) as dag:
        shown = _shown("look_for_drift", settings)
        LookForDriftOperator(task_id="look_for_drift", settings=settings, execution_timeout=LONG, **shown)
    return dag


class _Wiring:
    """Makes the tasks of one DAG and draws its graph: a night's, or a backfill's with other tasks in two places."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline, self._settings = pipeline, settings

    def draw(self) -> None:
        """Make every task, in its group, and the arrows between them."""
        shape = BACKFILL if self._pipeline.fills else NIGHT
        with self._group(Group.PREPARE):
            preflight = self._task(shape.preflight, Task.PREFLIGHT, retries=1)
            hold_cost = self._held(HoldCostOperator, Task.HOLD_COST, self._settings.hold_over_usd)
            open_state = self._task(OpenStateOperator, Task.OPEN_STATE).as_setup()
            foundation = self._task(ApplyFoundationOperator, Task.APPLY_FOUNDATION, LONG)
            transient = self._task(ApplyTransientOperator, Task.APPLY_TRANSIENT, LONG).as_setup()
            publish_jobs = self._task(PublishJobsOperator, Task.PUBLISH_JOBS).as_setup()
        with self._group(Group.INPUT):
            claim, *inputs = shape.inputs(self)
        with self._group(Group.COMPUTE):
            limit = self._settings.cluster_timeout_minutes
            start = self._task(StartComputeOperator, Task.START_COMPUTE).as_setup()
            ready = self.wait(WaitForComputeOperator, Task.WAIT_FOR_COMPUTE, limit).as_setup()
            submit = self._task(shape.submit, Task.SUBMIT_JOBS).as_setup()
            jobs = [job.as_setup() for job in shape.jobs(self)]
        with self._group(Group.GOLD):
            *audit, publish = shape.gold(self)
            hold_gold = self._held(HoldGoldOperator, Task.HOLD_GOLD, self._settings.hold_over_quarantined)
        with self._group(Group.TEARDOWN):
            stop = self.wait(StopComputeOperator, Task.STOP_COMPUTE, limit)
            destroy = self._task(DestroyTransientOperator, Task.DESTROY_TRANSIENT, LONG)
            proof = self._task(ProveNothingLeftOperator, Task.PROVE_NOTHING_LEFT, trigger_rule=TriggerRule.ALL_DONE)
        with self._group(Group.RESULT):
            report = self._task(ReportOperator, Task.REPORT, trigger_rule=TriggerRule.ALL_DONE)
            outcome = self._task(OutcomeOperator, Task.OUTCOME)

        audit = [*audit, *(hold.as_setup() for hold in hold_gold)]  # cleared with downstream, gold is held again
        prepared = [preflight, *hold_cost, open_state, foundation, transient, publish_jobs]
        chain(*prepared, claim, *inputs, start, ready, submit, *jobs, *audit)
        chain([submit, *jobs, *audit][-1], publish, stop, destroy, proof, report, outcome)
        # A task that later ones need is a setup, so that clearing one of those runs it again: also the jobs and the
        # audit, since destroy_transient deletes the staged data. open_state is a setup of both teardowns, so that both
        # run however far the other setups got, also when start_compute failed after the service had accepted it.
        stop.as_teardown(setups=[open_state, start, ready, submit])
        destroy.as_teardown(setups=[open_state, transient, publish_jobs, claim, *jobs, *audit])
        [publish, stop, destroy, proof] >> outcome  # else a successful teardown makes a failed run green

    def inputs(self) -> list[Any]:
        """The tasks that claim the business date, fetch input (if the pipeline has routes), wait for it, check it."""
        minutes = self._settings.input_timeout_minutes
        return [
            self.wait(ClaimDateOperator, Task.CLAIM_DATE, minutes).as_setup(),
            *(self._fetching() if self._pipeline.routes else []),
            self.wait(WaitForInputsOperator, Task.WAIT_FOR_INPUTS, minutes),
            self._task(CheckInputsOperator, Task.CHECK_INPUTS),
        ]

    def claim_days(self) -> list[Any]:
        """The task that claims a backfill's dates; preflight has checked their input."""
        return [self._task(ClaimDaysOperator, Task.CLAIM_DAYS).as_setup()]

    def jobs(self) -> list[Any]:
        """A task for each pipeline step, which waits for its job."""
        minutes = self._settings.step_timeout_minutes
        return [self.wait(WaitForJobOperator, job(s.name), minutes, step=s.name) for s in self._pipeline.steps]

    def days(self) -> list[Any]:
        """The task that waits for the jobs of all days of a backfill."""
        return [self.wait(WaitForDaysOperator, Task.WAIT_FOR_DAYS, self._settings.lifetime_hours * 60)]

    def gold(self) -> list[Any]:
        """The tasks that audit a night's staged gold and publish it."""
        return [self._task(AuditOperator, Task.AUDIT).as_setup(), self._publish(PublishOperator)]

    def gold_of_days(self) -> list[Any]:
        """The task that audits and publishes each day of a backfill."""
        return [self._publish(PublishDaysOperator)]

    def wait(self, operator: type[BaseOperator], task_id: str, minutes: float, **arguments: Any) -> Any:
        """A task that waits, at most so many minutes."""
        return self._task(operator, task_id, None, wait_minutes=minutes, **arguments)

    def _publish(self, operator: type[BaseOperator]) -> Any:
        """The task that publishes gold, whose outlets are its tables; its work grows with the days of a delivery."""
        outlets = assets.of_pipeline(self._settings, self._pipeline)
        return self._task(operator, Task.PUBLISH, LONG, outlets=outlets)

    def _held(self, operator: type[BaseOperator], task_id: str, limit: float) -> list[Any]:
        """The task that asks for approval over a limit; none without one."""
        return [self._task(operator, task_id, None)] if limit else []

    def _group(self, group: Group) -> TaskGroup:
        title, about = (texts[group].of(self._settings.language) for texts in (task_texts.GROUPS, task_texts.ABOUT))
        return TaskGroup(group_id=str(group), prefix_group_id=False, group_display_name=title, tooltip=about)

    def _fetching(self) -> list[Any]:
        """The tasks that fetch input on an ingestion host and end that host."""
        ingest = self.wait(IngestOperator, Task.INGEST, self._settings.ingest_timeout_minutes)
        return [ingest, self._task(StopHostOperator, Task.STOP_HOST)]

    def _task(
        self, operator: type[BaseOperator], task_id: str, limit: timedelta | None = SHORT, **arguments: Any
    ) -> Any:
        facts: dict[str, Any] = {"pipeline": self._pipeline, "settings": self._settings, "execution_timeout": limit}
        return operator(task_id=str(task_id), **facts, **_shown(task_id, self._settings), **arguments)


@dataclass(frozen=True)
class _Shape:
    """What differs between the graph of a night and that of a backfill."""

    preflight: type[BaseOperator]
    submit: type[BaseOperator]
    inputs: Callable[[_Wiring], list[Any]]
    jobs: Callable[[_Wiring], list[Any]]
    gold: Callable[[_Wiring], list[Any]]


NIGHT = _Shape(PreflightOperator, SubmitJobsOperator, _Wiring.inputs, _Wiring.jobs, _Wiring.gold)
BACKFILL = _Shape(PlanBackfillOperator, SubmitDaysOperator, _Wiring.claim_days, _Wiring.days, _Wiring.gold_of_days)


def _schedule(settings: Settings) -> NightTimetable | None:
    """The timetable of nights; None if they run on request only."""
    return NightTimetable(settings.when, timezone=settings.timezone) if settings.when else None


def _shown(task_id: str, settings: Settings) -> dict[str, Any]:
    """What Airflow's UI shows of a task, in the settings' language."""
    language = settings.language
    return {"task_display_name": task_texts.title(task_id, language), "doc_md": task_texts.doc(task_id, language)}


def _presented(title: str, doc_md: str | None, says: Callable[[str], str]) -> dict[str, Any]:
    """What Airflow's UI shows of a DAG, as `says` puts it."""
    page = page_spoken(doc_md, says) if doc_md else None
    return {"dag_display_name": says(title), "description": _summary(page), "doc_md": page}


def _summary(doc_md: str | None) -> str:
    """The first sentence of a DAG's page after its title, for the list of DAGs."""
    _, *paragraphs = (doc_md or "").split("\n\n")
    words = " ".join(paragraphs[0].split()) if paragraphs else ""
    return f"{words.split('. ')[0].rstrip('.:')}." if words else ""


def _tags(settings: Settings, kind: str, pipeline: Pipeline | None = None) -> list[str]:
    """What a DAG can be looked up by: its kind, its product, its environment."""
    return ["nightshift", kind, *([pipeline.product] if pipeline else []), *filter(None, [settings.environment])]


def _owner_links(settings: Settings) -> dict[str, str]:
    return {settings.owner: settings.owner_link} if settings.owner_link else {}


def _defaults(settings: Settings) -> dict[str, Any]:
    delay = timedelta(seconds=settings.retry_seconds)
    return {
        "owner": settings.owner,
        "retries": settings.retries,
        "retry_delay": delay,
        "retry_exponential_backoff": True,
        "max_retry_delay": delay * 8,
    }


def form(pipeline: Pipeline, settings: Settings) -> dict[str, Param]:
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
            format=formats.FOLDER,
            examples=[pipeline.inputs.prefix_of(START.date())] if pipeline.reads_files else [],
            title="Input prefix",
            description=f"Folder in the raw bucket. Empty: {pipeline.inputs.shown}",
        ),
        "encoding": Param(
            "utf-8",
            type="string",
            format=formats.ENCODING,
            examples=["utf-8", "latin-1", "cp1252", "utf-16"],
            title="Encoding",
            description="Text encoding of the input files.",
        ),
        "compute": Param(
            settings.compute,
            type="string",
            enum=list(TARGETS),
            title="Compute",
            section=COMPUTE,
            description="Where the jobs run.",
        ),
        "max_usd": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            title="Most dollars",
            section=COMPUTE,
            description="Refused if it would cost more; its compute ends itself when it has. Empty: "
            f"${settings.max_usd_per_night:.2f} a night. The DAG's tab of nights says what the next may cost.",
        ),
        "keep_cluster": Param(
            False,
            type="boolean",
            title="Keep the cluster",
            section=DEBUGGING,
            description="For debugging: nothing is torn down; the cluster terminates itself when idle.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            section=WHAT,
            description=f"Check, plan, price; create nothing. {UNPAUSES}",
        ),
        "replay": Param(
            False,
            type="boolean",
            title="Replay the quarantine",
            section=WHAT,
            description="Validate this date's quarantined bronze rows again, after a fix; no input is read.",
        ),
        "apply_foundation": Param(
            False,
            type="boolean",
            title="Apply the foundation",
            section=DEBUGGING,
            description="Apply or compare it even if a run of today did and nothing has changed since.",
        ),
        "ssh_cidr": Param(
            None,
            type=["null", "string"],
            format=formats.NETWORK,
            examples=["198.51.100.7/32"],
            title="SSH from",
            section=DEBUGGING,
            description="Make a key pair for this run and open port 22 to this network, such as 198.51.100.7/32.",
        ),
    }
    idle = {*(() if pipeline.encodings else ("encoding",)), *(() if pipeline.reads_files else ("input_prefix",))}
    kept = {name: field for name, field in fields.items() if name not in idle}
    return {**kept, **{option.name: _field(option) for option in pipeline.options}}


def backfill_form(pipeline: Pipeline, settings: Settings) -> dict[str, Param]:
    """The Params of a backfill; dry_run is on by default."""
    common = {"encoding", "compute", "max_usd", "apply_foundation", *_own(pipeline)}
    kept = {name: field for name, field in form(pipeline, settings).items() if name in common}
    return {
        "first": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First business date",
            description="First and last are required. Only days of the range that have a gap are made.",
        ),
        "last": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last business date",
            description="Included in the range.",
        ),
        "dry_run": Param(
            True, type="boolean", title="Dry run", description="Show the gaps, time and price; make none."
        ),
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="Make all days of the range that have input, also those without a gap.",
        ),
        **kept,
    }


def _spoken(fields: dict[str, Param], says: Callable[[str], str]) -> dict[str, Param]:
    """The form as `says` puts it."""
    for field in fields.values():
        field.schema |= {key: says(field.schema[key]) for key in ("title", "section") if key in field.schema}
        if field.description:
            field.description = says(field.description)
        if words := field.schema.get("format"):
            field.schema["format"] = formats.renamed(words, says(words))
    return fields


def _own(pipeline: Pipeline) -> list[str]:
    return [option.name for option in pipeline.options]


def _field(option: Option) -> Param:
    if option.switch:
        limits: dict[str, Any] = {"type": "boolean"}
    elif option.day:
        limits = {"type": ["null", "string"], "format": "date"}
    elif option.choices:
        limits = {"type": "string", "enum": list(option.choices)}
    else:
        limits = {"type": "string", "format": formats.of_pattern(option.shown, option.pattern)}
    default = None if option.day and not option.default else option.default
    return Param(default, title=option.title, description=option.about, **limits)
