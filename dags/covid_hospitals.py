"""### Covid in hospitals

Every night at 00:00 in São Paulo: cases, deaths and hospital beds of each place as of yesterday. Whatever route brought
the files, they lie under `covid/YYYY/MM/DD/` of the raw bucket (in folders for people's eyes: `occupation/`, `states/`,
`cities/`, `leito_ocupacao/`, `ref/`), or, for what seldom changes (states, municipalities, population), under
`covid/reference_data/`. With `ingest` the night fetches hospital beds from their API, or population from a database,
on a host of its own first. A file is known by its header, packed or not. Gold: `cases_by_state`, `bed_occupancy`,
`suspected_confirmed`, `deaths_by_status`, `most_least_affected`, each partition whole by itself: as of its date.

**When it is red** in Airflow, open the first red task from the left; its last line says what was attempted, what came
back and what to do next. `report` holds the whole story, and so does `record.json`
under `runs/covid_hospitals/` in the lake.

| red task | look first at |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's own words in the task's log |
| ingest | what the program on the host said: the API or database, its secret, its answer; what has landed stays |
| wait_for_inputs | whether any route delivered: the raw prefix it names is empty or still growing |
| check_inputs | which columns its message names: they are not as the contract below says |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_bronze, job_silver, job_gold | the step's stderr, whose last lines are in the task's log |
| audit | the broken rule it names, then `quarantine/covid_hospitals/` in the lake for the rows |
| terminate…, destroy…, prove_nothing_left | **what is still on the bill**; delete by hand what a clear does not |

**When a table is empty**, its kind of file did not come: the manifest of gold warns `not_delivered`. Figures of a day
before the business date, because there were no newer ones, are a warning too: `older_than_business_date`.

**To run a date again** (a file came late or was corrected), trigger with `business_date` (or the
logical date of the day after it): it replaces that date's
partitions and nothing else. The history of bed notifications builds on the date before: after mending an old date run
the ones after it again, in order. After a failed task clear it *with downstream*: the cluster and all that it stands on
come back by themselves.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.covid_hospitals import COVID_HOSPITALS

dag = night_dag(COVID_HOSPITALS, config.load(), __doc__)
