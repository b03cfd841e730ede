"""### Drift

Every morning: plans each applied stack and lists where it differs from its terraform - resource, attribute, what
terraform has and what it is now - with who changed it, if CloudTrail says so. It changes nothing. The topic is notified
once of each new difference; Nightshift's page *Nights* and the strip on Home show how many there are, and since when.

**When it finds something**, somebody changed a resource by hand, or the files changed and nobody applied them. Undo the
change, or write it into terraform; the foundation's owner applies (decision 31). While the foundation differs, nights
with `NIGHTSHIFT_FOUNDATION=check` stop at `apply_foundation`, and others undo the change.

**It reads** the foundation's state alone, by Airflow's role: other states may hold secrets. Their owner looks with
`./nightshift drift --aws`. A stack that was not compared is named in the log.
"""

from nightshift import config
from nightshift.dag_factory import drift_dag

dag = drift_dag(config.load(), __doc__)
