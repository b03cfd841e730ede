"""### MrHealth sales

Every night at 00:00 in São Paulo: what the ~50 restaurants sold yesterday. Each unit drops `pedido.csv` and
`item_pedido.csv` under `mrhealth/csv_sales/YYYY/MM/DD/unit_NNN/` of the raw bucket; head office keeps its tables under
`mrhealth/reference_data/`. Gold: `sales_by_branch_day`, `sales_by_branch_year` and `product_sales`, a partition a day
of orders, whole: sum the partitions; `alerts` and `stock_recommendations`, which look back 56 days: read the newest.
Of each order the version that arrived last counts; where that changes a day that was published, the report says
*Restated*. It tells the most severe alerts too; they turn nothing red.

**When it is red** in Airflow, open the first red task from the left; its last line says what was attempted, what came
back and what to do next. `report` holds the whole story, and so does `record.json`
under `runs/mrhealth_sales/` in the lake.

| red task | look first at |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's own words in the task's log |
| wait_for_inputs | whether the units delivered: the raw prefix it names is empty or still growing |
| check_inputs | which columns its message names: they are not as the contract below says |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_bronze, job_silver, job_gold | the step's stderr, whose last lines are in the task's log |
| job_bronze, job_silver: "rows were refused" | `quarantine/mrhealth_sales/` in the lake; nothing of the drop counts |
| audit | the broken rule it names, then `quarantine/mrhealth_sales/` in the lake for the rows |
| terminate…, destroy…, prove_nothing_left | **what is still on the bill**; delete by hand what a clear does not |

**To run a date again** (a unit was late, a file was corrected), trigger with `business_date` (or the
logical date of the day after it): it replaces what that
date's files told, and publishes each day whose orders that changes. Files of another date that arrived later still
count. Later dates keep the alerts and recommendations that they gave until they are run again too. After a failed task
clear it *with downstream*: the cluster and all that it stands on come back by themselves.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.mrhealth_sales import MRHEALTH_SALES

dag = night_dag(MRHEALTH_SALES, config.load(), __doc__)
