"""Preflight: check parameters, credentials, tools, state bucket and price before anything costs money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from airflow.sdk import BaseXCom, Context
from airflow.sdk.bases.skipmixin import SkipMixin
from botocore.exceptions import BotoCoreError, ClientError

from nightshift.aws import clients
from nightshift.compute import cost, cost_limit, ingest_spec, instances, jobs, targets
from nightshift.failures import cards
from nightshift.failures.causes import Cause
from nightshift.failures.errors import PreflightError
from nightshift.infrastructure import terraform
from nightshift.operators.base import NightOperator
from nightshift.pipelines import REGISTRY
from nightshift.report import expected, night_index
from nightshift.report.expected import Expected
from nightshift.run import parameters
from nightshift.run.run_context import RunContext
from nightshift.state import heartbeat, ledger
from nightshift.state.known_runs import from_marker

ABSENT = {"404", "NoSuchBucket"}


class PreflightOperator(NightOperator, SkipMixin):
    """Check what a night needs and price it. A dry run shows the plan, writes nothing, and skips the later tasks; a
    refused one fails like any other run."""

    _expected: Expected  # of this try's run

    def execute(self, context: Context) -> Any:
        if not self.is_plan_only(context):
            return super().execute(context)
        try:
            night = self.night(context)
            checked = {**self.work(night, context), "plan": list(self.outline(night))}
        except Exception as refused:  # noqa: BLE001 - any refusal gets its failure report and its ledger entry
            return self._bracketed(context, partial(_refuse, refused))
        context["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=checked)  # skip() raises
        self.show_plan(night, context)
        after = context["task"].get_flat_relatives(upstream=False)
        return self.skip(ti=context["ti"], tasks=[task for task in after if not task.is_teardown])

    def is_plan_only(self, context: Context) -> bool:
        """Whether the run ends here."""
        return bool(context["params"].get("dry_run"))

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        if self.has_dag():  # type: ignore[no-untyped-call]
            parameters.refuse_unknown(context["params"], self.dag.params)
        return self.checked(night)

    def checked(self, night: RunContext, nights: int = 1) -> dict[str, Any]:
        """Run the checks; returns their results and the price of `nights` on one cluster. Raises PreflightError."""
        target = targets.of(night)
        if refusal := target.refusal(night):
            raise PreflightError(refusal)
        plan = self._planned(night, nights)
        checked: dict[str, Any] = {"account": self._account(), "terraform": terraform.version()}
        prices = target.prices()
        missing = self._check_state_bucket(night)
        index = night_index.read(self.settings) or night_index.empty()
        self._expected = expected.of(
            () if self.pipeline.fills else index["nights"].get(self.pipeline.name, ()),
            night.compute,
            target.shape(night),
            plan,
        )
        self._check_limit(night, self._expected, nights)
        self._check_month(night, self._expected, index["money"])
        checked |= {"estimate_usd": self._expected.usd, "expected": self._expected.facts, "prices": prices["prices"]}
        rates = (*cost.REQUEST_RATES, *(cost.HOST_RATES if night.routes else ()))
        oldest = min(prices["prices_as_of"], instances.of(self.settings).oldest(rates))
        old = instances.age_warning(oldest, night.today, self.settings.prices_max_age_days)
        checked |= self._warning(missing, old, *self.settings.unknown(REGISTRY.names))
        self.log.info("%s of %s %s (%s).", night.run, night.business_date, self._expected.words, prices["prices"])
        return checked

    def _planned(self, night: RunContext, nights: int) -> Expected:
        """What the plan of `nights` on one place costs and takes; without any, no place is started."""
        if not nights:
            return expected.planned(0, 0)
        minutes = self.pipeline.expected_minutes * nights
        usd = targets.of(night).estimate(night, minutes) + self._fetching(night)
        return expected.planned(round(usd, 4), minutes + cost.PROVISIONING_MINUTES)

    def _fetching(self, night: RunContext) -> float:
        """The most that the run's ingestion host can cost; 0 without one."""
        return cost.host(self.settings.ingest_timeout_minutes, instances.of(self.settings)) if night.routes else 0

    def _warning(self, *missing: str) -> dict[str, str]:
        """A warning of what is missing, old or unknown, or if the reaper has not run lately; it goes into the run's
        record and message."""
        warning = " ".join(filter(None, (*missing, heartbeat.silence(self.settings))))
        if warning:
            self.log.warning("%s", warning)
        return {"warning": warning} if warning else {}

    def _account(self) -> str:
        try:
            return clients.client(self.settings, "sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as refused:
            cause = Cause(cards.card(refused, self.task_id)["cause"])
            raise PreflightError(
                f"AWS did not confirm the identity of these credentials: {refused}", cause=cause
            ) from refused

    def _check_state_bucket(self, night: RunContext) -> str:
        """Raise PreflightError if terraform's state bucket cannot be read. One that is not there yet is a warning in a
        dry run, which needs no state."""
        bucket = self.settings.bucket("state")
        try:
            clients.client(self.settings, "s3").head_bucket(Bucket=bucket)
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            if night.dry_run and code in ABSENT:
                return f"The state bucket {bucket} is not there yet."
            raise PreflightError(
                f"The state bucket {bucket} cannot be read ({code}).",
                "Apply include/terraform/stacks/bootstrap once, or correct NIGHTSHIFT_NAME.",
                cause=Cause(cards.card(refused, self.task_id)["cause"]),
            ) from refused
        return ""

    def _check_limit(self, night: RunContext, priced: Expected, nights: int) -> None:
        """Raise PreflightError if nine of ten such runs would not stay within the run's dollars."""
        limit = self.settings.max_usd_per_night * nights if night.max_usd is None else night.max_usd
        if priced.usd_p90 > limit:
            raise PreflightError(
                f"The run {_would(priced)}, more than its limit of ${cost_limit.dollars(limit)}.",
                cost_limit.raise_it(priced.usd_p90),
            )

    def _check_month(self, night: RunContext, priced: Expected, money: Mapping[str, Any]) -> None:
        """Raise PreflightError if the run would take its pipeline over its budget of the month, with those that run."""
        product, budget = self.pipeline.product, self.settings.budget_of(self.pipeline.product)
        if budget is None:
            return
        month = expected.month(night.requested_at, self.settings.timezone)
        spent, running = expected.spent(money, product, month), self._under_way(night, month, priced)
        if spent + running + priced.usd_p90 > budget:
            more = f", those under way up to ${running:.2f} more" if running else ""
            raise PreflightError(
                f"The runs of {product} cost ${spent:.2f} in {month}{more}, and this one {_would(priced)}: more than"
                f" the month's budget of ${cost_limit.dollars(budget)}.",
                f"Wait for the next month, or raise {product}'s figure in NIGHTSHIFT_MONTHLY_BUDGETS: in the shell of"
                " ./nightshift, in the environment of Airflow, on MWAA in the environment's startup script. Then"
                " trigger the run again.",
            )

    def _under_way(self, night: RunContext, month: str, priced: Expected) -> float:
        """Dollars that the pipeline's other runs of the month are expected to cost that have no report yet; one that
        has not passed its preflight as much as this one."""
        markers = ledger.open_runs(clients.client(self.settings, "s3"), self.settings)
        others = [other for other in (from_marker(self.settings, m) for m in markers) if other.run != night.run]
        return sum(
            expected.reserved(ledger.of(other).entries(), priced.usd_p90)
            for other in others
            if other.pipeline.product == self.pipeline.product
            and expected.month(other.requested_at, self.settings.timezone) == month
        )

    def outline(self, night: RunContext) -> Iterator[str]:
        """What the run would do, in a few lines."""
        source = night.input_uri if night.input_prefix else night.source_secret
        yield f"reads {source}"
        names, noun = ", ".join(job.name for job in jobs.of_run(night, "")), targets.of(night).noun
        article = "an" if noun[0] in "aeiou" else "a"
        yield f"runs {names} on {article} {noun} ({night.compute}) for about {self.pipeline.expected_minutes:g} minutes"
        if shared := targets.intent(night):
            yield shared
        yield self._expected.words
        yield f"publishes {', '.join(table.name for table in self.pipeline.gold)} of {night.business_date}"

    def show_plan(self, night: RunContext, context: Context) -> None:
        """Log what the run would request from AWS."""
        jobs_uri = night.uri("artifacts", "jobs/<sha256>/")
        self.log.info("Dry run: nothing is created.")
        for request in targets.of(night).plan(night, jobs_uri, jobs.of_run(night, jobs_uri)):
            self.log.info("%s", request)
        if night.routes:
            self.log.info(
                "Before that, an ingestion host would run\n%s", "\n".join(ingest_spec.script(night, jobs_uri))
            )


def _would(priced: Expected) -> str:
    """What a refused run would cost, and how that is known."""
    if priced.basis == expected.PLAN:
        return f"would cost about ${priced.usd_p90:.2f} by the plan"
    return f"would cost up to ${priced.usd_p90:.2f}, as nine of ten of the last {priced.nights} nights"


def _refuse(refused: Exception, _night: RunContext) -> None:
    raise refused
