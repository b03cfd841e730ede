"""### Reaper

Every 15 minutes: looks for runs whose owner is dead, ends their clusters, destroys their stacks, removes their staging,
state and claim, proves that nothing is left, and tells what the run was. It reads the ledger's open markers
(`open/` in the lake) and lists AWS by tag; what does not carry our `nightshift:name` is never touched.

**A run is dead** when Airflow calls it ended, or does not know it, though its ledger has no closing entry (it was
marked by hand, timed out or deleted); when its lease is over; when the process that conducted it is gone (a run of
`./nightshift`); when it is closed but something of it is alive. A run that was kept on request lives until its cluster
ends itself.

**When it is red**, something could not be cleaned and is on the bill: the last line names it, and the next pass tries
again. If it stays red, delete by hand what is named.

`check_freshness` holds the newest partition of every gold table against the `fresh_hours` of its contract, and tells
the topic of each that has grown too old, once: also of a night that never started.

| wanted | do |
|---|---|
| see what it would do | trigger it with `dry_run` |
| reap without Airflow | `./nightshift reap [--dry-run]` |
| end one run, dead or not | `./nightshift reap --run ID` |
| why a run was reaped | the entries of `reaper` under `runs/<dag>/<run>/entries/` in the lake |
"""

from nightshift import config
from nightshift.dag_factory import reaper_dag

dag = reaper_dag(config.load(), __doc__)
