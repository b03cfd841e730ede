"""### Card movements

Every night at 00:00 in São Paulo: what was bought with the cooperative's cards until yesterday. The Spark step reads
associado, conta, cartao and movimento from the MySQL, MariaDB or PostgreSQL whose address is the secret
`<name>/sources/cards`. Gold: `movimento_flat`, the movements that are new since the last night, by business date; and
`movimento_flat.csv`, all of them, in `exports/card_movements/` of the lake or in `output`.

**When a run fails** in Airflow, open the first failed task from the left; its last line says what was attempted, what
came back and what to do next. The log of `report` has the whole result, and so does `record.json` under
`runs/card_movements/` in the lake.

| failed task | check first |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's error in the task's log |
| publish_jobs | whether the JDBC drivers match their SHA256SUMS (`NIGHTSHIFT_JDBC_DIR`) |
| check_inputs | the columns in its message: the database's tables differ from the contract below |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_movements | the secret, the network path to the database, a column's name: the step's stderr says which |
| audit | the broken rule it names, then `quarantine/card_movements/` in the lake (card numbers are masked there) |
| publish | whether Airflow's role may write to `output`; then clear it: it may run twice |
| stop_compute, destroy_transient, prove_nothing_left | **what still costs money**; delete by hand what is left |

**To run a date again**, trigger with `business_date` (or the logical date of the day after it): it replaces that date's
partition, the partitions of movements that changed or were deleted since (reported as `restated`), and the CSV. A run
compares the last days, with `full_reload` everything. **The lake belongs to one database**: after a move to another
address, run once with `source_moved`, or set a fixed name in its secret (`identity`). After a failed task clear it
*with downstream*.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.card_movements import CARD_MOVEMENTS

dag = night_dag(CARD_MOVEMENTS, config.load(), __doc__)
