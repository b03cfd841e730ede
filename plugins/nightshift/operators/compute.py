"""Operators for a run's compute: publish its files, start a place, wait for it, submit jobs, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context

from nightshift.aws import clients, clock
from nightshift.compute import certificates, jobs, remembered, targets
from nightshift.compute.target import ComputeTarget, Ingredients, Place, PlaceState, ShowsRequests
from nightshift.failures.errors import NightshiftError, WaitTimeout
from nightshift.lake import packaging
from nightshift.operators import links
from nightshift.operators.base import NightOperator, WaitOperator
from nightshift.pipelines import FOLDERS, REGISTRY
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task
from nightshift.state.ledger import Ledger


class PublishJobsOperator(NightOperator):
    """Upload what the jobs need to S3: jobs, JDBC drivers and the package's jars under their hashes, and the
    certificate of the run's own or shared cluster."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        lake = self.lake(night)
        shared = self.lake(targets.home(night).context)
        shared.publish_certificates(lambda: certificates.certificates(self.settings.region))
        drivers = packaging.drivers(self.settings.jdbc_dir) if night.source_secret else []
        package = REGISTRY.packages.get(night.pipeline.product)
        own = packaging.jars_of(package.folder) if package else []
        return {"jobs_uri": lake.publish_jobs(self._package()), "jars": lake.publish_drivers([*drivers, *own])}

    def _package(self) -> packaging.Package:
        settings = self.settings
        return packaging.package(
            settings.jobs_dir, settings.time_limit_script, settings.flink_dir, settings.ingest_dir, FOLDERS
        )


class StartComputeOperator(NightOperator):
    """Adopt the run's place if there is one, else make one. Does not wait. The XCom is the handle {"target", "id"}."""

    template_fields = ("request",)
    overwrite_rtif_after_execution = True  # Airflow's flag to show the fields as they are when the task has ended
    operator_extra_links = (links.COMPUTE,)
    request = ""

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        target, given = targets.of(night), made_from(self, context)
        if isinstance(target, ShowsRequests):
            self.request = target.place_request(night, given)
        return handle(night, target.start(night, given))


class WaitForComputeOperator(WaitOperator):
    """Wait until the place takes jobs; replace it as far as its target allows.

    A replacement is requested only after its predecessor has ended, so there is never a second one. Later tasks use the
    XCom, the handle {"target", "id"}.
    """

    operator_extra_links = (links.COMPUTE,)

    def work(self, night: RunContext, context: Context) -> Any:
        return self._watch(night, self._tried(night)[-1], seen="")

    def finish(self, night: RunContext, answer: dict[str, Any]) -> Any:
        target = targets.of(night)
        self.log.info("%s %s is %s. %s", target.noun.capitalize(), answer["id"], answer["words"], answer["why"])
        if answer["state"] == PlaceState.READY:
            return handle(night, answer["id"])
        place = target.place(self._replace(night) if answer["state"] == PlaceState.GONE else answer["id"])
        return self._watch(night, place, seen="" if answer["state"] == PlaceState.GONE else answer["words"])

    def overdue(self, night: RunContext) -> NightshiftError:
        place, noun = self._tried(night)[-1], targets.of(night).noun.capitalize()
        return WaitTimeout(
            f"{noun} {place.id} is still {place.words} after {self.wait_minutes:g} minutes"
            f" ({place.reason or 'no reason given'}).",
            "Look at it in the service's console; if it is just slow, raise NIGHTSHIFT_CLUSTER_TIMEOUT_MINUTES.",
        )

    def _watch(self, night: RunContext, place: Place, seen: str) -> Any:
        """Wait for the place's next state. The limit counts from its creation, however often the task restarted."""
        age = clock.age(self.settings, place.created_at) if place.created_at else timedelta()
        left = self.wait_minutes - age.total_seconds() / 60
        return self.wait(night, "place_moved", {"target": night.compute, "place_id": place.id, "seen": seen}, left)

    def _tried(self, night: RunContext) -> list[Place]:
        return targets.of(night).places(night, self._first)

    @property
    def _first(self) -> str:
        return str(self.output_of(self._context, Task.START_COMPUTE)["id"])

    def _replace(self, night: RunContext) -> str:
        """Request the next place of this try and return its id. Raises ComputeError when no attempt is left."""
        target = targets.of(night)
        attempt = target.next_attempt(night, self._first)
        self.log.warning("%s Requesting another, %s.", attempt.why, attempt.how)
        facts = {"act": "replace_place", "why": attempt.why, "place_id": attempt.gone, "attempt": attempt.number}
        book = Ledger(clients.client(self.settings, "s3"), night)
        book.append(self.task_id, "note", **facts, lease=book.lease(timedelta(minutes=self.wait_minutes)))
        return target.start(night, made_from(self, self._context), attempt)


class SubmitJobsOperator(NightOperator):
    """Submit all jobs in one call to a target that runs them one after the other; to any other the waiting tasks do.
    The XCom is {job name: job id}."""

    template_fields = ("commands",)
    overwrite_rtif_after_execution = True
    operator_extra_links = (links.COMPUTE,)
    independent = False  # whether a job runs though an earlier one failed
    commands = ""

    def work(self, night: RunContext, context: Context) -> dict[str, str]:
        target, place_id = targets.of(night), self.output_of(context, Task.WAIT_FOR_COMPUTE)["id"]
        specs = self.specs(night, context, self.output_of(context, Task.PUBLISH_JOBS))
        self.lake(night).write_jobs(jobs.as_submitted(specs))
        if not target.queues:
            self.log.info("%s has no queue: each job is submitted by the task that waits for it.", night.compute)
            return {}
        ours, given = known(self, night, specs), made_from(self, context)
        self.commands = requests(night, specs, given)
        return target.submit(night, place_id, specs, ours, given, independent=self.independent)

    def specs(self, night: RunContext, context: Context, published: Any) -> list[jobs.Job]:
        """The jobs to submit; `published` is what publish_jobs returned."""
        return jobs.of_run(night, published["jobs_uri"], published.get("jars", ()), input_bytes(self, context))


class StopComputeOperator(WaitOperator):
    """End every place of the run and wait until it is gone. Finds them by tag, so it needs no XCom."""

    operator_extra_links = (links.COMPUTE,)

    def work(self, night: RunContext, context: Context) -> Any:
        if night.keep_cluster:
            idle, limit = self.settings.idle_timeout_seconds, self.settings.cluster_limit_minutes
            self.log.warning("Kept on request: it ends itself when idle for %d s, or after %g minutes.", idle, limit)
            return {"kept": True}
        target = targets.of(night)
        usable = [place for place in target.places(night) if place.usable]
        remember(target, usable, Ledger(clients.client(self.settings, "s3"), night), self.task_id)
        target.stop([place.id for place in usable])
        left = [place.id for place in target.places(night) if place.state != PlaceState.GONE]
        return self.wait(night, "places_gone", {"target": night.compute, "place_ids": left})

    def finish(self, night: RunContext, answer: dict[str, Any]) -> dict[str, Any]:
        self.log.info("%s of %s: %s", targets.of(night).places_kind, night.run, answer["places"] or "none was there")
        return answer


def handle(night: RunContext, place_id: str) -> dict[str, str]:
    """The XCom that names a run's place."""
    return {"target": night.compute, "id": place_id}


def requests(night: RunContext, specs: Sequence[jobs.Job], given: Ingredients) -> str:
    """What the target requests for these jobs, one text a job; '' if it does not say."""
    target = targets.of(night)
    if not isinstance(target, ShowsRequests):
        return ""
    return "\n\n".join(target.job_request(night, job, given) for job in specs)


def remember(target: ComputeTarget, places: Sequence[Place], book: Ledger, who: str) -> None:
    """Note the places and their jobs in the ledger before they are stopped, if their service forgets them."""
    for place in () if target.remembers else places:
        book.note(who, remembered.ACT, remembered.WHY, **remembered.facts(place, target.jobs(place.id)))


def made_from(task: NightOperator, context: Context) -> Ingredients:
    """What a place is made from: the XComs of the tasks before."""
    published = task.output_of(context, Task.PUBLISH_JOBS)
    return Ingredients(
        foundation=task.output_of(context, Task.APPLY_FOUNDATION),
        transient=task.output_of(context, Task.APPLY_TRANSIENT),
        jobs_uri=published["jobs_uri"],
        jars=published.get("jars", ()),
    )


def input_bytes(task: NightOperator, context: Context) -> int:
    """The size of the run's input as wait_for_inputs counted it; 0 if nobody did, as of a database's tables."""
    return int((task.output_of(context, Task.WAIT_FOR_INPUTS) or {}).get("bytes", 0))


def known(task: NightOperator, night: RunContext, specs: Sequence[jobs.Job]) -> set[str]:
    """The job ids that earlier submissions of this task returned, from its `end` entries in the ledger."""
    entries = Ledger(clients.client(task.settings, "s3"), night).entries()
    ends = [entry for entry in entries if (entry["task"], entry["phase"]) == (task.task_id, "end")]
    return {entry[spec.name] for entry in ends for spec in specs if spec.name in entry}
