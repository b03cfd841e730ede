"""### MrHealth sales

Every night at 00:00 in São Paulo: what the ~50 restaurants sold yesterday. Each unit delivers `pedido.csv` and
`item_pedido.csv` under `mrhealth/csv_sales/YYYY/MM/DD/unit_NNN/` of the raw bucket; head office's reference data is
under `mrhealth/reference_data/`. Gold: `sales_by_branch_day`, `sales_by_branch_year` and `product_sales`, one complete
partition per order day: sum the partitions; `alerts` and `stock_recommendations` over a rolling window of 56 days: read
the newest. Of each order the version that arrived last counts; where that changes a day that was published, the report
says *Restated*. It lists the most severe alerts too; alerts fail no task.

**When a run fails** in Airflow, open the first failed task from the left; its last line says what was attempted, what
came back and what to do next. The log of `report` has the whole result, and so does `record.json` under
`runs/mrhealth_sales/` in the lake.

| failed task | check first |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's error in the task's log |
| wait_for_inputs | whether the units delivered: the raw prefix it names is empty or still growing |
| check_inputs | the columns in its message: they differ from the contract below |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_bronze, job_silver, job_gold | the step's stderr, whose last lines are in the task's log |
| job_bronze, job_silver: "rows were refused" | `quarantine/mrhealth_sales/`; nothing of the delivery is used |
| audit | the broken rule it names, then `quarantine/mrhealth_sales/` in the lake for the rows |
| stop_compute, destroy_transient, prove_nothing_left | **what still costs money**; delete by hand what is left |

**To run a date again** (a unit was late, a file was corrected), trigger with `business_date` (or the logical date of
the day after it): it replaces what that date's files contained, and publishes each day whose orders change. Files of
another date that arrived later still count. Later dates keep their alerts and recommendations until they are run again
too. After a failed task clear it *with downstream*: the cluster and all that it needs are created again.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.mrhealth_sales import MRHEALTH_SALES

dag = night_dag(MRHEALTH_SALES, config.load(), __doc__)
