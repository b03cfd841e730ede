"""### Card movements

Every night at 00:00 in São Paulo: what was bought with the cooperative's cards until yesterday. The Spark step reads
associado, conta, cartao and movimento out of the MySQL, MariaDB or PostgreSQL whose address is the secret
`<name>/sources/cards`. Gold: `movimento_flat`, the movements that are new since the last night, by business date; and
`movimento_flat.csv`, all of them, in `exports/card_movements/` of the lake or in `output`.

**When it is red** in Airflow, open the first red task from the left; its last line says what was attempted, what came
back and what to do next. `report` holds the whole story, and so does `record.json` under `runs/card_movements/` in the
lake.

| red task | look first at |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's own words in the task's log |
| publish_jobs | whether the JDBC drivers are there as their SHA256SUMS say (`NIGHTSHIFT_JDBC_DIR`) |
| check_inputs | which columns its message names: the database's tables are not as the contract below says |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_movements | the secret, the way to the database, a column's name: the step's stderr says which |
| audit | the broken rule it names, then `quarantine/card_movements/` in the lake (card numbers are masked there) |
| publish | whether Airflow's role may write to `output`; clear it, it may run twice |
| terminate…, destroy…, prove_nothing_left | **what is still on the bill**; delete by hand what a clear does not |

**To run a date again**, trigger with `business_date` (or the logical date of the day after it): it replaces
that date's partition, those of movements that changed or went since they were published (told as `restated`), and the
CSV. A night compares the last days, with `full_reload` everything. **The lake belongs to one database**: once
it has moved to another address, run once with `source_moved`, or give it a name of its own in its secret (`identity`).
After a failed task clear it *with downstream*.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.card_movements import CARD_MOVEMENTS

dag = night_dag(CARD_MOVEMENTS, config.load(), __doc__)
