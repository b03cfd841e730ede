"""### WordCount

Every night at 00:00 in São Paulo: how often each word occurs in the text files under `wordcount/YYYY/MM/DD/` of the raw
bucket, counted by Spark or, with `engine`, by Flink over HDFS. Gold: `gold/wordcount/word_counts/business_date=…/`.

**When a run fails** in Airflow, open the first failed task from the left; its last line says what was attempted, what
came back and what to do next. The log of `report` has the whole result, and so does `record.json` under
`runs/wordcount/` in the lake.

| failed task | check first |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's error in the task's log |
| wait_for_inputs | whether anything was delivered under the prefix it names |
| check_inputs | the columns in its message: they differ from the contract below |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_wordcount | the step's stderr, whose last lines are in the task's log; the message names the EMR step |
| audit | the broken rule it names: many quarantined lines mean another `encoding` |
| stop_compute, destroy_transient, prove_nothing_left | **what still costs money**; delete by hand what is left |

**To run a date again**, trigger with `business_date` (or the logical date of the day after it): it replaces that date's
partition and nothing else. After a failed task clear it *with downstream*: the cluster and all that it needs are
created again. `dry_run` estimates the cost of a run and creates nothing.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.wordcount import WORDCOUNT

dag = night_dag(WORDCOUNT, config.load(), __doc__)
