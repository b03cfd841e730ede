"""Registry of all pipelines by name (one module each), and of the backfills of those that are not incremental."""

from nightshift.contracts.pipeline import backfill_of
from nightshift.pipelines.card_movements import CARD_MOVEMENTS
from nightshift.pipelines.covid_hospitals import COVID_HOSPITALS
from nightshift.pipelines.mrhealth_sales import MRHEALTH_SALES
from nightshift.pipelines.wordcount import WORDCOUNT

PIPELINES = {pipeline.name: pipeline for pipeline in (WORDCOUNT, MRHEALTH_SALES, COVID_HOSPITALS, CARD_MOVEMENTS)}
BACKFILLS = {f"backfill_{name}": backfill_of(p) for name, p in PIPELINES.items() if not p.incremental}
