"""Settings: reads the NIGHTSHIFT_* environment variables (and one optional Airflow Variable) into a frozen class."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

from nightshift.failures.english import meant
from nightshift.failures.errors import SettingsError

PREFIX = "NIGHTSHIFT_"
NAME = re.compile(r"^[a-z][a-z0-9-]{2,30}$")
X86 = ("m5.xlarge", "m5a.xlarge", "m6i.xlarge", "m6a.xlarge")
GRAVITON = re.compile(r"^[a-z]+\d+g")  # m6g, c7gn, r8gd: the g after the generation
FOUNDATION = ("apply", "check")
LANGUAGES = ("en", "pt-BR")
COMPUTE = ("emr", "serverless", "glue", "eks", "kubernetes")  # the names of compute/targets.py
LINK = re.compile(r"(https?://|mailto:)\S+")
NAMED = re.compile(rf"{PREFIX}([A-Z0-9_*]+)")  # a setting in a message
DEFAULT_CRON = {"0 0 * * *", "*/15 * * * *"}
# Read when the library is imported: a Variable would be too late.
OF_THE_ENVIRONMENT = {"variable", "pipelines", "one_job"}
CLOCK = re.compile(r"^(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)$")
SHARES = ("max_quarantine_share", "max_refused_share", "hold_over_quarantined")
DAILY = re.compile(r"^(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) \* \* \S+$")  # cron: once on each of its days
BUDGET = re.compile(r"^(?P<pipeline>\w+|\*)=(?P<usd>\d+(\.\d+)?)$")
PACK = re.compile(r"^(?P<group>[a-z]\w{0,30})=(?P<pipelines>\w+(\+\w+)+)$")
KINDS = ("raw", "lake", "artifacts", "logs", "state")
# Beside plugins/ in a checkout; on MWAA in the DAGs' folder. The pipelines beside it are loaded at import.
INCLUDE = Path(os.environ.get(f"{PREFIX}INCLUDE_DIR") or Path(__file__).resolve().parents[2] / "include")


@dataclass(frozen=True)
class Settings:
    """Every setting that may differ between a laptop, dev and prod. Field `x_y` is read from NIGHTSHIFT_X_Y.

    Times are in the unit at the end of the field's name; lists are comma-separated.
    """

    name: str = "nightshift-local"
    environment: str = ""  # dev, prod: a night applies include/environments/<it>.tfvars to the foundation; empty: none
    foundation: str = "apply"  # check, as on AWS: a night only compares it with its files; its owner applies it
    airflow: str = "main"  # the Airflow that runs the nights: only it knows that one of its runs is gone
    conductor: int = 0  # pid of the runner process without which its runs cannot go on; 0: a scheduler runs them
    owner: str = "nightshift"  # who is responsible: the tag nightshift:owner, and the owner of the DAGs
    owner_link: str = ""  # where the owner is reached: https:// or mailto:
    language: str = "en"  # of the form, tasks, questions and notes in Airflow and of messages: en or pt-BR
    region: str = "us-east-1"
    aws_conn_id: str = ""  # empty: boto3's own credential chain, which on MWAA is the execution role
    api_tries: int = 8  # of each AWS call: throttling, 5xx and dropped connections are tried again
    include_dir: Path = INCLUDE
    prices_file: Path = INCLUDE / "prices.toml"  # what `./nightshift prices` looked up; absent: the shipped table only
    pipelines: tuple[Path, ...] = ()  # more folders of pipelines, like PATH; read from the environment only
    one_job: tuple[str, ...] = ()  # pipelines whose layers run as one job; read from the environment only
    jdbc_dir: Path = INCLUDE / "jdbc"  # the drivers that clusters read databases with, and their SHA256SUMS

    schedule: str = "0 0 * * *"  # none: nights run on request only
    timezone: str = "America/Sao_Paulo"
    gold_by: str = ""  # HH:MM, in the timezone: a night that is not over by then is reported as late; empty: never

    deferrable: bool = True
    poll_seconds: float = 20  # a short night idles 4 % of its billed time, and 5 % with 30 (docs/performance.md)
    settle_seconds: float = 600  # input is complete when no file arrived for so long
    input_timeout_minutes: int = 240
    ingest_timeout_minutes: int = 120  # for all routes of a run; its host ends itself a while later
    step_timeout_minutes: float = 180
    cluster_timeout_minutes: int = 30  # from RunJobFlow to ready, and from terminate to TERMINATED
    log_wait_seconds: float = 330  # after a step failed, for its logs: EMR pushes them every 5 minutes
    cluster_limit_minutes: float = 360  # then the cluster ends itself, whatever still runs
    retries: int = 2
    again: str = ""  # how a failed run is tried again, in words; empty: by clearing its task in Airflow
    kept_dir: str = ""  # a folder to which every run is copied when it ends, for people; empty: they read S3
    retry_seconds: float = 60

    compute: str = "emr"  # where jobs run unless a run says otherwise (compute/targets.py)
    workers: int = 4  # of a serverless or Glue job, the driver's included
    worker_type: str = (
        "G.1X"  # Glue's word; its CPUs and memory are those of a serverless worker too (compute/workers.py)
    )
    glue_version: str = "5.1"
    glue_flex: bool = False  # spare capacity: a third cheaper, and a job may wait for it for 20 minutes
    glue_connections: tuple[str, ...] = ()  # of Glue's catalog, through which its jobs reach a database's network
    serverless_image: str = ""  # of the application's workers, in ECR; empty: the release's own
    serverless_python: str = ""  # Python 3.11: S3 address of a packed environment, or a path in the image
    kubernetes_cluster: str = ""  # an EKS cluster, by Airflow's AWS identity; empty: none, or kubernetes_config
    kubernetes_config: str = ""  # a kubeconfig file, for any other cluster
    kubernetes_context: str = ""  # of that file; empty: its current one
    kubernetes_namespace: str = "nightshift"
    kubernetes_image: str = ""  # of drivers and executors: deploy/kubernetes/Dockerfile
    kubernetes_service_account: str = "nightshift-jobs"  # of the pods; for a database's pipeline with its name appended
    kubernetes_secret: str = ""  # a Kubernetes secret with AWS_* variables, for pods without IRSA or pod identity
    kubernetes_executors: int = 3
    kubernetes_cores: int = 4  # of a driver and of an executor
    kubernetes_memory_gib: int = 14  # of each, all included: what a node of 16 has left
    kubernetes_node_type: str = "m5.xlarge"  # what a pod is priced as
    kubernetes_start_seconds: float = 300  # how long an image may not be there before its job counts as ended
    eks_namespace: str = "nightshift-emr"  # of kubernetes_cluster, to which EMR on EKS has access
    eks_image: str = ""  # of drivers and executors, in ECR; empty: the release's own
    eks_python: str = ""  # the path of Python 3.11 in the image
    release_label: str = "emr-7.13.0"
    cluster_python: str = "/usr/bin/python3.11"  # the release's default is 3.9
    primary_types: tuple[str, ...] = X86
    core_types: tuple[str, ...] = X86
    core_units: int = 2  # nodes of the first of the types, or as many vCPU of the others
    task_types: tuple[str, ...] = X86
    task_units: int = 2
    spare_types: tuple[str, ...] = ()  # used if EC2 has none of the others; empty: other families, as large
    packs: tuple[str, ...] = ()  # pipelines whose runs share a cluster while it lives, such as early=sales+stock
    spot_timeout_minutes: int = 10
    idle_timeout_seconds: int = 900
    lifetime_hours: int = 24  # lease of a run: after it, the reaper may remove its resources
    grace_minutes: float = 60  # between two acts of a live run: queues, retries and a restart of the scheduler
    lock_wait_minutes: float = 5  # for terraform's lock while a live task holds it
    reap_schedule: str = "*/15 * * * *"  # leaked resources cost money until the next pass; none: on request only

    email_endpoints: tuple[str, ...] = ()
    queue_endpoints: tuple[str, ...] = ()
    page_link_hours: float = 0  # so long the message's link opens the night's page, for whoever has it; 0: no link
    max_usd_per_night: float = 10.0
    monthly_budgets: tuple[str, ...] = ()  # $ a calendar month by pipeline, such as sales=5; *=20 for all others
    prices_max_age_days: int = 90  # older prices are a warning
    max_quarantine_share: float = 0.5  # the night fails if a table loses more than this
    max_refused_share: float = 0.05  # a table or a unit's delivery that loses more gives the night a warning
    hold_over_usd: float = 0  # a night that would cost more waits for a person's approval; 0: none does
    hold_over_quarantined: float = 0  # likewise gold of which a table quarantined a larger share of its rows
    hold_hours: float = 8  # for that approval; then the night fails
    warnings_fail: bool = False  # whether such a night fails instead, its gold not published
    max_file_bytes: int = 0  # limit for one file's unpacked text; 0, here and below: medallion/packing.py's limit
    max_packed_ratio: int = 0  # bytes of text per byte of gzip
    max_line_bytes: int = 0
    quick_java_mb: float = 16.0  # inputs below this run without the JVM's optimising compiler, except on Glue; 0: none

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise SettingsError(f"{PREFIX}NAME is {self.name!r}: it must match {NAME.pattern}.")
        self._check_types()
        self._check_limit()
        self._check_shares()
        self._check_environment()
        self._check_choices()
        self._check_times()
        self._check_gold_by()
        self._check_packs()
        self._check_budgets()

    def _check_choices(self) -> None:
        for key, value, choices in (
            ("FOUNDATION", self.foundation, FOUNDATION),
            ("LANGUAGE", self.language, LANGUAGES),
            ("COMPUTE", self.compute, COMPUTE),
        ):
            if value not in choices:
                hint = meant(value, choices)
                raise SettingsError(f"{PREFIX}{key} is {value!r}: expected {' or '.join(choices)}.{hint}")
        if self.owner_link and not LINK.fullmatch(self.owner_link):
            raise SettingsError(f"{PREFIX}OWNER_LINK is {self.owner_link!r}: expected https://… or mailto:….")

    def _check_times(self) -> None:
        """What Airflow would refuse too, with a traceback for each DAG."""
        try:
            ZoneInfo(self.timezone)
        except (OSError, ValueError, KeyError):  # as it is absent, a folder or no name at all
            raise SettingsError(
                f"{PREFIX}TIMEZONE is {self.timezone!r}: expected a zone such as America/Sao_Paulo."
            ) from None
        for key, cron in (("SCHEDULE", self.when), ("REAP_SCHEDULE", self.reaps_when)):
            if cron and cron not in DEFAULT_CRON and not _is_cron(cron):
                raise SettingsError(f"{PREFIX}{key} is {cron!r}: expected cron such as '0 0 * * *', or none.")

    def _check_gold_by(self) -> None:
        """A deadline counts from the start that a daily schedule names."""
        if self.gold_by and not CLOCK.match(self.gold_by):
            raise SettingsError(f"{PREFIX}GOLD_BY is {self.gold_by!r}: expected a time such as 06:00.")
        if self.gold_by and not DAILY.match(self.schedule):
            raise SettingsError(
                f"{PREFIX}GOLD_BY needs nights at one time of the day: {PREFIX}SCHEDULE is {self.schedule!r}, "
                "expected one like '0 0 * * *'."
            )

    def _check_types(self) -> None:
        if len({bool(GRAVITON.match(kind)) for kind in self.types}) > 1:
            mixed = ", ".join(sorted(self.types))
            raise SettingsError(f"{PREFIX}*_TYPES mix arm64 and x86_64 ({mixed}): EMR takes one.")

    def _check_limit(self) -> None:
        """Below a step's limit it would end long steps as a lost cluster; past the lease the reaper ends it first."""
        least, most = self.step_timeout_minutes, self.lifetime_hours * 60
        if not least <= self.cluster_limit_minutes <= most:
            raise SettingsError(
                f"{PREFIX}CLUSTER_LIMIT_MINUTES is {self.cluster_limit_minutes:g}: it must lie between "
                f"{PREFIX}STEP_TIMEOUT_MINUTES, {least:g}, and {PREFIX}LIFETIME_HOURS, {most:g} minutes."
            )

    def _check_shares(self) -> None:
        """50 for 50 % would be a limit that no table reaches."""
        for name in SHARES:
            if (share := getattr(self, name)) > 1:
                raise SettingsError(
                    f"{PREFIX}{name.upper()} is {share:g}: expected a share from 0 to 1, such as 0.05 for 5 %."
                )

    def _check_budgets(self) -> None:
        """A pipeline has one budget at most."""
        if wrong := [item for item in self.monthly_budgets if not BUDGET.fullmatch(item)]:
            raise SettingsError(
                f"{PREFIX}MONTHLY_BUDGETS has {', '.join(wrong)}: expected items such as sales=5 or *=20."
            )
        if twice := _twice(self.monthly_budgets):
            raise SettingsError(f"{PREFIX}MONTHLY_BUDGETS has {', '.join(twice)} twice: a pipeline has one budget.")

    def _check_packs(self) -> None:
        """A group is named once, and a pipeline is in one group at most."""
        if wrong := [item for item in self.packs if not PACK.fullmatch(item)]:
            raise SettingsError(f"{PREFIX}PACKS has {', '.join(wrong)}: expected items such as early=sales+stock.")
        if twice := _twice(self.packs):
            raise SettingsError(f"{PREFIX}PACKS has the group {', '.join(twice)} twice: name all its pipelines once.")
        names = [name for pipelines in self.groups.values() for name in pipelines]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SettingsError(f"{PREFIX}PACKS names {', '.join(twice)} twice: a pipeline is in one group.")

    def _check_environment(self) -> None:
        """Without the environment's file a night would undo what a deployment applied from it."""
        if self.tfvars and not self.tfvars.is_file():
            raise SettingsError(f"{PREFIX}ENVIRONMENT is {self.environment!r}: there is no {self.tfvars}.")

    @property
    def when(self) -> str | None:
        """The schedule of the nights; None if they run on request only."""
        return None if self.schedule == "none" else self.schedule

    @property
    def gold_within(self) -> timedelta | None:
        """The time from a night's start by its schedule until its gold is due; None without a deadline."""
        due, start = CLOCK.match(self.gold_by), DAILY.match(self.schedule)
        if not due or not start:
            return None
        minutes = [60 * int(at["hour"]) + int(at["minute"]) for at in (due, start)]
        return timedelta(minutes=(minutes[0] - minutes[1]) % (24 * 60) or 24 * 60)

    @property
    def reaps_when(self) -> str | None:
        """The schedule of the reaper; None if it passes on request only."""
        return None if self.reap_schedule == "none" else self.reap_schedule

    def budget_of(self, product: str) -> float | None:
        """What a pipeline's runs may cost in a calendar month, in dollars; None without a budget."""
        budgets = dict(item.split("=") for item in self.monthly_budgets)
        given = budgets.get(product, budgets.get("*"))
        return None if given is None else float(given)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The pipelines of each pack group."""
        items = (item.split("=") for item in self.packs)
        return {group: tuple(pipelines.split("+")) for group, pipelines in items}

    def group_of(self, product: str) -> str:
        """The pack group of a pipeline; '' if it is in none."""
        return next((group for group, pipelines in self.groups.items() if product in pipelines), "")

    def unknown(self, pipelines: Collection[str]) -> Iterator[str]:
        """A warning of each setting that names another pipeline than `pipelines`. It is no error: a package outside of
        this tree may be missing for a moment, and the nights of the others go on."""
        budgeted = [item.split("=")[0] for item in self.monthly_budgets]
        packed = [name for group in self.groups.values() for name in group]
        for key, names in (("MONTHLY_BUDGETS", budgeted), ("PACKS", packed), ("ONE_JOB", self.one_job)):
            for name in names:
                if name not in {*pipelines, "*"}:
                    yield f"{PREFIX}{key} names {name}: there is no such pipeline here.{meant(name, pipelines)}"

    @property
    def tfvars(self) -> Path | None:
        """The environment's extra variables for the foundation; None without an environment."""
        return self.include_dir / "environments" / f"{self.environment}.tfvars" if self.environment else None

    @property
    def types(self) -> tuple[str, ...]:
        """The instance types that the settings name, each once."""
        return tuple(dict.fromkeys((*self.primary_types, *self.core_types, *self.task_types, *self.spare_types)))

    def bucket(self, kind: str) -> str:
        """The name of the bucket that holds `kind`: raw, lake, artifacts, logs or state."""
        if kind not in KINDS:
            raise KeyError(kind)
        return f"{self.name}-{kind}"

    @property
    def record_buckets(self) -> tuple[str, str]:
        """The buckets for a run's ledger and record: the lake or, before the foundation made it, the state bucket."""
        return self.bucket("lake"), self.bucket("state")

    @cached_property
    def stacks_dir(self) -> Path:
        """The folder of terraform's root modules, foundation and transient."""
        return self.include_dir / "terraform" / "stacks"

    @cached_property
    def jobs_dir(self) -> Path:
        """The folder of the Spark jobs, from which they are packaged."""
        return self.include_dir / "spark_jobs"

    @cached_property
    def flink_dir(self) -> Path:
        """The folder of the Flink jobs and their Python requirements."""
        return self.include_dir / "flink_jobs"

    @cached_property
    def ingest_dir(self) -> Path:
        """The folder of the ingestion program, from which it is packaged."""
        return self.include_dir / "ingest"

    @cached_property
    def time_limit_script(self) -> Path:
        """The bootstrap action that ends a cluster at its time limit."""
        return self.include_dir / "emr" / "time_limit.sh"

    def database(self, layer: str) -> str:
        """The Glue database of a layer."""
        return f"{self.name.replace('-', '_')}_{layer}"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from NIGHTSHIFT_* keys, else the Airflow Variable that NIGHTSHIFT_VARIABLE names, else defaults.

    The region falls back to AWS_REGION. Raises SettingsError naming the key, its value, what was expected and, if the
    Variable has it, that one.
    """
    variable, own = environ.get(f"{PREFIX}VARIABLE", ""), _keys(environ)
    shared = _variable(variable)
    try:
        return _settings({"region": environ.get("AWS_REGION", ""), **shared, **own})
    except SettingsError as wrong:
        named = NAMED.findall(wrong.args[0])
        of_variable = sorted(
            key for key in shared.keys() - own.keys() if any(fnmatch(key.upper(), name) for name in named)
        )
        if not of_variable:
            raise
        raise SettingsError(wrong.args[0], _correct(variable, *of_variable)) from wrong


def _settings(given: Mapping[str, str]) -> Settings:
    """The settings of texts by field. Raises SettingsError."""
    types = get_type_hints(Settings)
    if unknown := sorted(given.keys() - types.keys()):
        hint = meant(unknown[0], types)
        raise SettingsError(f"Unknown settings {', '.join(PREFIX + key.upper() for key in unknown)}.{hint}")
    return Settings(
        **{name: _parsed(name, text, types[name]) for name, text in given.items() if name in types and text}
    )


def of_reader(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings for a process that only shows what runs made, such as Airflow's web server. It needs no include/: the
    environment's file of terraform variables is not looked for."""
    return load({key: value for key, value in environ.items() if key != f"{PREFIX}ENVIRONMENT"})


def language_at_import(environ: Mapping[str, str] = os.environ) -> str:
    """The language of what is named when a module is imported, before anything could be read or refused: that of the
    environment, or the default."""
    given = environ.get(f"{PREFIX}LANGUAGE", "")
    return given if given in LANGUAGES else Settings.language


def _keys(environ: Mapping[str, str]) -> dict[str, str]:
    keys = {key[len(PREFIX) :].lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
    return {key: value for key, value in keys.items() if key != "variable"}


def _variable(name: str) -> dict[str, str]:
    """The settings in an Airflow Variable, read only if named: at parse time it is an API call. It is a JSON object of
    texts, numbers, true, false, lists of texts, and null for the default. Raises SettingsError."""
    if not name:
        return {}
    from airflow.sdk import Variable  # noqa: PLC0415 - costs a second and is seldom used

    try:
        text = Variable.get(name)
    except Exception as unread:  # a secrets backend may raise anything
        raise SettingsError(
            f"{PREFIX}VARIABLE is {name!r}: no such Airflow Variable can be read ({unread}).",
            f"Make {_where(name)}, or unset {PREFIX}VARIABLE.",
        ) from unread
    try:
        given = json.loads(text)
    except ValueError as wrong:
        raise SettingsError(f"The Airflow Variable {name} is not JSON: {wrong}.", _correct(name)) from None
    if not isinstance(given, dict):
        raise SettingsError(f"The Airflow Variable {name} is not a JSON object.", _correct(name))
    return {key.lower(): _text(name, key, value) for key, value in given.items()}


def _text(variable: str, key: str, value: Any) -> str:
    """A value of a Variable as the environment would have it. Raises SettingsError."""
    if key.lower() in OF_THE_ENVIRONMENT:
        setting = f"{PREFIX}{key.upper()}"
        raise SettingsError(
            f"The Airflow Variable {variable} sets {key}, too late: the library is imported by then.",
            f"Set {setting} in Airflow's environment instead.",
        )
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | dict) for item in values):
        raise SettingsError(
            f"{PREFIX}{key.upper()} is {value!r}: expected a text, a number, true, false or a list of texts.",
            _correct(variable, key),
        )
    return ",".join("" if item is None else str(item) for item in values)


def _correct(variable: str, *keys: str) -> str:
    """What to do about a Variable, or about its `keys`."""
    return f"Correct {', '.join(keys)}{' in ' if keys else ''}{_where(variable)}."


def _where(variable: str) -> str:
    return f"the Airflow Variable {variable} (UI: Admin, Variables; shell: AIRFLOW_VAR_{variable.upper()})"


def _is_cron(text: str) -> bool:
    from croniter import croniter  # noqa: PLC0415 - most schedules are the default

    return bool(croniter.is_valid(text))


def _parsed(name: str, text: str, kind: Any) -> Any:
    try:
        return _PARSERS[kind](text)
    except ValueError as wrong:
        expected = _EXPECTED.get(kind) or getattr(kind, "__name__", str(kind))
        raise SettingsError(f"{PREFIX}{name.upper()} is {text!r}: expected {expected}.") from wrong


def _number(text: str) -> float:
    """Raises ValueError for nan, than which no sum is more, inf, and numbers below 0: no setting means one."""
    if not 0 <= (number := float(text)) < math.inf:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


def _flag(text: str) -> bool:
    answers = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in answers:
        raise ValueError(text)
    return answers[text.lower()]


def _twice(items: tuple[str, ...]) -> list[str]:
    """The keys that several of the items key=value have."""
    keys = [item.split("=")[0] for item in items]
    return sorted({key for key in keys if keys.count(key) > 1})


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(item).resolve() for item in text.split(os.pathsep) if item.strip())


_PARSERS: dict[Any, Any] = {
    str: str,
    int: _whole,
    float: _number,
    bool: _flag,
    Path: Path,
    tuple[str, ...]: _items,
    tuple[Path, ...]: _paths,
}
_EXPECTED = {int: "a whole number of 0 or more", float: "a number of 0 or more", bool: "true or false"}
ONE_JOB = _items(os.environ.get(f"{PREFIX}ONE_JOB", ""))
PIPELINE_FOLDERS = (INCLUDE.parent / "pipelines", *_paths(os.environ.get(f"{PREFIX}PIPELINES", "")))
