"""### Reaper

Every 15 minutes: finds runs whose owner is dead, ends their clusters, destroys their stacks, removes their staging,
state and claim, proves that nothing is left, and reports the run. It reads the ledger's open markers (`open/` in the
lake) and lists AWS by tag; resources without our `nightshift:name` are never touched.

**A run is dead** when Airflow calls it ended, or does not know it, though its ledger has no closing entry (it was
marked by hand, timed out or deleted); when its lease is over; when its runner process is gone (a run of
`./nightshift`); when it is closed but left resources. A run that was kept on request lives until its cluster ends
itself.

**When it fails**, something could not be cleaned up and costs money: the last line names it, and the next pass tries
again. If it keeps failing, delete by hand what is named.

`check_freshness` compares the newest partition of every gold table with the `fresh_hours` of its contract, and notifies
the topic once of each that is too old, so also of a run that never started.

| to | do |
|---|---|
| see what it would do | trigger it with `dry_run` |
| reap without Airflow | `./nightshift reap [--dry-run]` |
| end one run, dead or not | `./nightshift reap --run ID` |
| why a run was reaped | the entries of `reaper` under `runs/<dag>/<run>/entries/` in the lake |
"""

from nightshift import config
from nightshift.dag_factory import reaper_dag

dag = reaper_dag(config.load(), __doc__)
