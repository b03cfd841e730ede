"""What EMR gets of a run's jobs: the steps that the EMR target submits."""

from nightshift.compute import jobs
from nightshift.compute.emr import spec


def emr_steps(run, jobs_uri, jars=()):
    return [spec.step(job) for job in jobs.of_run(run, jobs_uri, jars)]


def emr_day_steps(run, days, jobs_uri):
    return [spec.step(job, independent=True) for job in jobs.of_days(run, days, jobs_uri)]


def spark_submit(run, step, jobs_uri):
    return spec.command(jobs.spark(run, step, jobs_uri))
