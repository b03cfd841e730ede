"""The pipelines that the registry finds, by name, their folders, and the backfills of those that can have one."""

from nightshift import config
from nightshift.contracts.pipeline import BACKFILL, backfill_of
from nightshift.pipelines.registry import discover

REGISTRY = discover(config.PIPELINE_FOLDERS)
PIPELINES = {name: package.pipeline for name, package in REGISTRY.packages.items()}
FOLDERS = tuple(package.folder for package in REGISTRY.packages.values())
BACKFILLS = {f"{BACKFILL}{name}": backfill_of(p) for name, p in PIPELINES.items() if not p.incremental and not p.after}
