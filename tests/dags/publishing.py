"""A night of which only `publish` runs under Airflow, and says what its manifests say; every other task ends at once.

python -m tests.dags.publishing      one such night of wordcount, in the environment that the caller gives
"""

from tools import paths

DAY = "2026-01-04"
MANIFEST = {"business_date": DAY, "gold": [{"table": "word_counts", "rows": 7}]}


class Lake:
    """The lake as far as announcing reads it."""

    def manifests(self):
        return [MANIFEST]


def patches():
    """What to put where: (object, attribute, value)."""
    from airflow.sdk.definitions import dag as definition  # noqa: PLC0415 - after AIRFLOW_HOME is set

    from nightshift.operators.base import NightOperator  # noqa: PLC0415

    run_task = definition._run_task

    def end(*, ti, task, **more):
        return run_task(ti=ti, task=task, **more) if ti.task_id == "publish" else ti.set_state("success")

    def execute(self, context):
        object.__setattr__(self, "lake", lambda _night: Lake())
        self.announce(context, [self.identity(context)])

    return [(definition, "_run_task", end), (NightOperator, "execute", execute)]


def main():
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    for place, name, value in patches():
        setattr(place, name, value)
    run = (
        DagBag(str(paths.DAGS / "nights.py")).dags["wordcount"].test(logical_date=None, run_conf={"business_date": DAY})
    )
    assert run.state == "success", run.state


if __name__ == "__main__":
    main()
