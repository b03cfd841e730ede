"""The pipelines, each in a module of its own, all of them by name; and what backfills each."""

from nightshift.pipeline import backfill_of
from nightshift.pipelines.covid_hospitals import COVID_HOSPITALS
from nightshift.pipelines.mrhealth_sales import MRHEALTH_SALES
from nightshift.pipelines.wordcount import WORDCOUNT

PIPELINES = {pipeline.name: pipeline for pipeline in (WORDCOUNT, MRHEALTH_SALES, COVID_HOSPITALS)}
BACKFILLS = {backfill.name: backfill for backfill in map(backfill_of, PIPELINES.values())}
