"""The pipelines, each in a module of its own, and all of them by name."""

from nightshift.pipelines.mrhealth_sales import MRHEALTH_SALES
from nightshift.pipelines.wordcount import WORDCOUNT

PIPELINES = {pipeline.name: pipeline for pipeline in (WORDCOUNT, MRHEALTH_SALES)}
