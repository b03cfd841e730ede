"""### WordCount

Every night at 00:00 in São Paulo: how often each word occurs in the text files under `wordcount/YYYY/MM/DD/` of the
raw bucket, counted by Spark or, with `engine`, by Flink over HDFS. Gold: `gold/wordcount/word_counts/business_date=…/`.

**When it is red** in Airflow, open the first red task from the left; its last line says what was attempted, what came
back and what to do next. `report` holds the whole story, and so does `record.json` under `runs/wordcount/` in the lake.

| red task | look first at |
|---|---|
| preflight | its message: a parameter, a credential or a tool; nothing was started |
| apply_foundation, apply_transient | terraform's own words in the task's log |
| wait_for_inputs | whether anything was delivered under the prefix it names |
| check_inputs | which columns its message names: they are not as the contract below says |
| start_compute, wait_for_compute | EMR's reason in its message; the clusters it tried in its log |
| job_wordcount | the step's stderr, its last lines are in the task's log; the message names the EMR step |
| audit | the broken rule it names: many quarantined lines mean another `encoding` |
| terminate…, destroy…, prove_nothing_left | **what is still on the bill**; delete by hand what a clear does not |

**To run a date again**, trigger with `business_date` (or the
logical date of the day after it): it replaces that date's partition and nothing else. After a
failed task clear it *with downstream*: the cluster and all that it stands on come back by themselves. `dry_run` prices
a night and creates nothing.
"""

from nightshift import config
from nightshift.dag_factory import night_dag
from nightshift.pipelines.wordcount import WORDCOUNT

dag = night_dag(WORDCOUNT, config.load(), __doc__)
