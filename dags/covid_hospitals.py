"""### Covid in hospitals

Every night at 00:00 in São Paulo: cases, deaths and hospital beds of each place as of yesterday. Whichever route
delivered the files, they are under `covid/YYYY/MM/DD/` of the raw bucket (in folders for readability: `occupation/`,
`states/`, `cities/`, `leito_ocupacao/`, `ref/`), or, for reference data (states, municipalities, population), under
`covid/reference_data/`. With `ingest` the run first fetches hospital beds from their API, or population from a
database, on an ingestion host. A file is recognised by its header, gzipped or not. Gold: `cases_by_state`,
`bed_occupancy`, `suspected_confirmed`, `deaths_by_status`, `most_least_affected`, each partition complete: as of its
date.

**When a run fails** in Airflow, open the first failed task from the left; its last line says what was attempted, what
came back and what to do next. The log of `report` has the whole result, and so does `record.json` under
`runs/covid_hospitals/` in the lake.

| failed task | check first |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's error in the task's log |
| ingest | the program's error: the API or database, its secret, its response; files in S3 stay |
| wait_for_inputs | whether any route delivered: the raw prefix it names is empty or still growing |
| check_inputs | the columns in its message: they differ from the contract below |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_bronze, job_silver, job_gold | the step's stderr, whose last lines are in the task's log |
| audit | the broken rule it names, then `quarantine/covid_hospitals/` in the lake for the rows |
| stop_compute, destroy_transient, prove_nothing_left | **what still costs money**; delete by hand what is left |

**When a table is empty**, its kind of file was not delivered: the manifest of gold warns `not_delivered`. Figures of a
day before the business date, because there are no newer ones, give a warning too: `older_than_business_date`.

**To run a date again** (a file came late or was corrected), trigger with `business_date` (or the logical date of the
day after it): it replaces that date's partitions and nothing else. The history of bed notifications builds on the date
before: after fixing an old date run the later ones again, in order. After a failed task clear it *with downstream*: the
cluster and all that it needs are created again.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.covid_hospitals import COVID_HOSPITALS

dag = night_dag(COVID_HOSPITALS, config.load(), __doc__)
