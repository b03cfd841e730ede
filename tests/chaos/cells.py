"""The cells of the matrix: every task at its moments x what befalls it, and every fault of localcloud."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from localcloud.faults import FaultKind
from nightshift.config import Settings
from nightshift.dag_factory import night_dag
from wordcount.definition import PIPELINE as WORDCOUNT

WORD, SALES = "wordcount", "mrhealth_sales"


class Column(StrEnum):
    """What befalls a task."""

    SIGKILL = "SIGKILL of the task"
    SIGTERM = "SIGTERM of the worker"
    MARK_TASK = "mark task failed"
    MARK_RUN = "mark run failed"
    CLEAR = "clear and retry"
    RESTART = "scheduler restart"
    SHELL = "reaped from a shell"


BY_HAND = {Column.MARK_TASK, Column.MARK_RUN}
TERRAFORM = ("apply_foundation", "apply_transient", "destroy_transient")


@dataclass(frozen=True)
class Cell:
    """One night that goes wrong: in `dag` at (task, moment), or by faults, each with its options."""

    row: str
    column: str
    dag: str = WORD
    task: str = ""
    moment: str = ""
    faults: tuple[tuple[FaultKind, dict[str, Any]], ...] = field(default=(), hash=False)
    mends: bool = True  # the night gets over it by itself
    hastens: bool = False  # the cluster's own time limit comes when the faults have struck
    clears: str = ""  # the task that a person clears when it failed, so that the same run goes on
    strikes: tuple["Cell", ...] = ()  # the cells whose tasks are all struck in this night, in their order
    on: str = "emr"  # the compute target

    @property
    def id(self) -> str:
        return f"{self.row} x {self.column}"


def tasks() -> list[str]:
    """The tasks of a night in their order, from the DAG itself: a new task is a new row."""
    return list(night_dag(WORDCOUNT, Settings(), None).task_ids)


def moments(task: str) -> list[str]:
    """When a task is struck: always after its act, and where it takes long in the middle as well."""
    during = {
        **dict.fromkeys(TERRAFORM, "terraform"),
        **dict.fromkeys(("wait_for_inputs", "wait_for_compute", "stop_compute"), "deferred"),
        "publish": "between",
    }
    middle = "deferred" if task.startswith("job_") else during.get(task)
    return [*([middle] if middle else []), "after"]


def task_cells() -> list[Cell]:
    return [*struck_cells(), *shell_cells()]


def struck_cells() -> list[Cell]:
    rows = [(WORD, task, moment) for task in tasks() for moment in moments(task)]
    rows.append((SALES, "publish", "between"))
    every = [column for column in Column if column is not Column.SHELL]
    return [*(_task_cell(*row, column) for row in rows for column in every), IN_ONE_NIGHT]


def shell_cells() -> list[Cell]:
    """A shell reaps past the lease, and that is hours for a task at work: tasks that have just ended stand for all."""
    return [_task_cell(WORD, task, "after", Column.SHELL) for task in ("apply_transient", "start_compute", "publish")]


def _task_cell(dag: str, task: str, moment: str, column: Column, on: str = "emr") -> Cell:
    shown = f"{task} ({'two tables, ' if dag == SALES else ''}{moment}){'' if on == 'emr' else f' on {on}'}"
    # preflight is the one task that is not tried again: nothing was started, a person triggers anew.
    mends = column not in {*BY_HAND, Column.SHELL} and (task != "preflight" or column in {Column.SIGTERM, Column.CLEAR})
    clears = task if column is Column.MARK_TASK else ""
    return Cell(shown, column.value, dag, task, moment, mends=mends, clears=clears, on=on)


# Three strikes that a night recovers from, in one night: what CI plays of them.
IN_ONE_NIGHT = Cell(
    "start_compute (after), scheduler restart; submit_jobs (after), cleared; publish (between), SIGKILL",
    "in one night",
    strikes=(
        _task_cell(WORD, "start_compute", "after", Column.RESTART),
        _task_cell(WORD, "submit_jobs", "after", Column.CLEAR),
        _task_cell(WORD, "publish", "between", Column.SIGKILL),
    ),
)

# What is armed for each kind of fault; a kind that is not here is armed once, with its defaults, and must be told.
FAULTS: dict[str, list[tuple[str, bool, dict[str, Any]]]] = {
    "run-job-flow-throttled": [("twice", True, {"times": 2})],
    "run-job-flow-answer-lost": [("once", True, {})],
    "emr-throttled": [
        ("adding steps", True, {"operation": "AddJobFlowSteps", "times": 2}),
        ("terminating", True, {"operation": "TerminateJobFlows", "times": 2}),
        ("terminating, for ever", False, {"operation": "TerminateJobFlows", "times": 60}),
    ],
    "capacity-refused": [("once", True, {}), ("always", False, {"times": 20})],
    "slow-start": [("5 s", True, {"seconds": 5})],
    "bootstrap-failure": [("once", True, {}), ("always", False, {"times": 20})],
    "step-failure": [("once", False, {"message": "ValueError: told to fail"})],
    "step-hangs": [("until the cluster's own limit", False, {})],
    "node-lost": [
        ("a core node", True, {"node": "core", "seconds": 1}),
        ("the master", False, {"node": "master", "seconds": 1}),
    ],
    "s3-slow-down": [
        ("five times", True, {"bucket": "*-lake", "times": 5}),
        ("five times, terraform's state", True, {"bucket": "*-state", "times": 5}),
    ],
    "s3-internal-error": [
        ("five times", True, {"bucket": "*-lake", "times": 5}),
        ("five times, terraform's state", True, {"bucket": "*-state", "times": 5}),
    ],
    "sns-down": [("the whole night", True, {"times": 100})],
    # The night that is played has no host: tests/nightshift/test_ingest_host.py strikes these.
    "ssm-throttled": [],
    "agent-offline": [],
    # They strike on the other targets: ELSEWHERE.
    "run-throttled": [],
    "run-answer-lost": [],
    "image-pull-failure": [],
    "out-of-memory": [],
    "executor-lost": [],
    "pod-evicted": [],
}

# Where a target is asked for something of its own, what befalls the task there, and what is armed.
OWN_TASKS = (
    *(("start_compute", "after"), ("job_wordcount", "deferred"), ("job_wordcount", "after")),
    *(("stop_compute", "deferred"), ("stop_compute", "after")),
)
OWN_COLUMNS = (Column.SIGKILL, Column.MARK_TASK, Column.MARK_RUN, Column.CLEAR)
OF_SERVICES: list[tuple[FaultKind, str, bool, dict[str, Any]]] = [
    (FaultKind.RUN_THROTTLED, "starting the job, twice", True, {"operation": "StartJobRun", "times": 2}),
    (FaultKind.RUN_THROTTLED, "deleting, twice", True, {"operation": "Delete*", "times": 2}),
    (FaultKind.RUN_ANSWER_LOST, "starting the job", True, {"operation": "StartJobRun"}),
    (FaultKind.RUN_ANSWER_LOST, "making the place", True, {"operation": "Create*"}),
    (FaultKind.CAPACITY_REFUSED, "once", False, {}),
    (FaultKind.STEP_FAILURE, "once", False, {"message": "ValueError: told to fail"}),
    (FaultKind.OUT_OF_MEMORY, "once", False, {}),
]
NO_IMAGE = (FaultKind.IMAGE_PULL_FAILURE, "once", False, {})
ELSEWHERE = {
    "serverless": [*OF_SERVICES, NO_IMAGE],
    "glue": OF_SERVICES,
    "eks": [*OF_SERVICES, NO_IMAGE],
    "kubernetes": [
        (FaultKind.IMAGE_PULL_FAILURE, "once", True, {}),
        (FaultKind.IMAGE_PULL_FAILURE, "for ever", False, {"times": 1000}),
        (FaultKind.OUT_OF_MEMORY, "the driver", False, {"step": "*-driver"}),
        (FaultKind.POD_EVICTED, "the driver", False, {"step": "*-driver"}),
    ],
}


TOGETHER = [
    Cell(
        "throttled, slow to start, no capacity, a bootstrap that fails, a core node lost, S3 slow",
        "in one night",
        faults=(
            (FaultKind.EMR_THROTTLED, {"operation": "AddJobFlowSteps", "times": 2}),
            (FaultKind.SLOW_START, {"seconds": 5}),
            (FaultKind.CAPACITY_REFUSED, {}),
            (FaultKind.BOOTSTRAP_FAILURE, {}),
            (FaultKind.NODE_LOST, {"node": "core", "seconds": 1}),
            (FaultKind.S3_SLOW_DOWN, {"bucket": "*-lake", "times": 5}),
        ),
    ),
    Cell(
        "a step that fails while SNS is down",
        "in one night",
        faults=(
            (FaultKind.STEP_FAILURE, {"message": "ValueError: told to fail"}),
            (FaultKind.SNS_DOWN, {"times": 100}),
        ),
        mends=False,
        clears="job_wordcount",
    ),
]


def target_cells() -> list[Cell]:
    """Those of the targets other than EMR, at the tasks and calls that are theirs."""
    return [*struck_elsewhere(), *faults_elsewhere()]


def struck_elsewhere() -> list[Cell]:
    rows = [(target, *row) for target in ELSEWHERE for row in OWN_TASKS if _is_asked_again(target, *row)]
    return [_task_cell(WORD, task, moment, column, on) for on, task, moment in rows for column in OWN_COLUMNS]


def _is_asked_again(target: str, task: str, moment: str) -> bool:
    """Whether the target comes to the moment: a Glue job without a run, or Kubernetes' objects, are gone at once."""
    return (task, moment) != ("stop_compute", "deferred") or target == "serverless"


def faults_elsewhere() -> list[Cell]:
    return [
        Cell(f"{kind.value} on {on}", how, faults=((kind, options),), mends=mends, on=on)
        for on, faults in ELSEWHERE.items()
        for kind, how, mends, options in faults
    ]


def fault_cells() -> list[Cell]:
    usual = [("once", False, {})]
    return [
        *(
            Cell(kind.value, how, faults=((kind, options),), mends=mends, hastens=kind is FaultKind.STEP_HANGS)
            for kind in FaultKind
            for how, mends, options in FAULTS.get(kind.value, usual)
        ),
        *TOGETHER,
    ]


# The representative set: every layer that ends or tells a night, every class of fault, all columns
# but SIGTERM, after which a task is tried again as after SIGKILL. Terraform that is killed with its task has tests of
# its own, tests/reaper/test_killed_terraform.py.
SOME_TASKS = {
    ("start_compute", "after", Column.SHELL),
    ("destroy_transient", "terraform", Column.MARK_TASK),
}
SOME_FAULTS = {*((cell.row, cell.column) for cell in TOGETHER), ("step-hangs", "until the cluster's own limit")}


def pays_by_itself(cell: Cell) -> bool:
    """Whether the cell's own night is gone on with, and so runs its date once more."""
    return bool(cell.clears)


def is_representative(cell: Cell) -> bool:
    if cell.on != "emr":
        return (cell.on, cell.task, cell.moment, cell.column) == ("glue", "job_wordcount", "deferred", Column.MARK_RUN)
    if cell.strikes:
        return True
    if cell.faults:
        return (cell.row, cell.column) in SOME_FAULTS
    return cell.dag == WORD and (cell.task, cell.moment, cell.column) in SOME_TASKS
