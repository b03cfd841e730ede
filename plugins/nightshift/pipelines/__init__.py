"""The pipelines that the registry finds, by name, their folders, and the backfills of those that can have one."""

from nightshift import config
from nightshift.contracts.pipeline import BACKFILL, backfill_of
from nightshift.pipelines.registry import discover

REGISTRY = discover(config.PIPELINE_FOLDERS)
PIPELINES = {name: package.pipeline for name, package in REGISTRY.packages.items()}
FOLDERS = tuple(package.folder for package in REGISTRY.packages.values())
# A database is read as it is now, and what another pipeline published is read when it is published.
_DATED = [pipeline for pipeline in PIPELINES.values() if pipeline.reads_files and not pipeline.incremental]
BACKFILLS = {f"{BACKFILL}{pipeline.name}": backfill_of(pipeline) for pipeline in _DATED}
