"""### Backfill

Makes the days of a product that have input but no gold, or gold that is older than its input or that an older contract
made: all of them on one cluster, each a step of its own. It runs on request only.

**Trigger it** with `first` and `last`. By default `dry_run` is on: the log of `preflight` shows the days, why each is
to be made, the minutes and the price, and nothing is created. Switch `dry_run` off to make them. With `force` every day
that has input is taken.

**When it fails** in Airflow, `publish` names each day that was not made, with its reason; all others are published.
Fix what it names and trigger the same range again: only days that still have a gap are taken. A day that a live run has
locked is left to that run. The table below says what each failed task means.
"""

from nightshift import config
from nightshift.dag_factory import backfill_dags
from nightshift.pipelines import BACKFILLS

dags = backfill_dags(BACKFILLS, config.load(), __doc__)
