"""The pipelines that the commands know: those of the library's registry, each with its package's module `local`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from embedded.pipeline import Local, Pipeline
from embedded.uploads.inputs import Maker
from nightshift.contracts.pipeline import BACKFILL
from nightshift.failures.english import meant
from nightshift.pipelines import BACKFILLS, REGISTRY
from nightshift.pipelines.registry import Package, about_broken, discover
from tools import drivers
from tools.errors import InputRefused


def jdbc() -> dict[str, str]:
    """More of the NIGHTSHIFT_* of nights that read a database: where its drivers are. Raises ToolMissing."""
    return {"NIGHTSHIFT_JDBC_DIR": str(drivers.bring())}


def backfill_of(pipeline: Pipeline) -> str:
    """The DAG that makes missing days of a pipeline. Raises InputRefused with the reason if it has none."""
    dag, library = f"{BACKFILL}{pipeline.name}", pipeline.definition
    if dag in BACKFILLS:
        return dag
    why = "it reads a database as it is now"
    if library.incremental:
        why = "its days depend on each other"
    if library.after:
        why = f"it takes {library.after} when that is published"
    raise InputRefused(
        f"{pipeline.name} has no backfill, since {why}: ./nightshift run {pipeline.name} --from DAY --to DAY runs its"
        " days one after the other."
    )


def refuse_absent(table: str, folder: Path | None = None) -> None:
    """Raise InputRefused unless <pipeline>.<table> is a gold table of a pipeline that is known, or in the folder; with
    the name that was probably meant."""
    product, _, name = table.partition(".")
    others = discover([folder]).packages if folder and folder.is_dir() else {}
    definition = others[product].pipeline if product in others else named(product).definition
    gold = [each.name for each in definition.gold]
    if name not in gold:
        raise InputRefused(f"{product} has no gold table {name!r}: choose {' or '.join(gold)}.{meant(name, gold)}")


def makers() -> dict[str, Maker]:
    """What makes input up, for each pipeline that reads files and has a generator."""
    return {p.name: p.local.make for p in PIPELINES.values() if p.local.make and p.definition.reads_files}


def named(name: str) -> Pipeline:
    """The pipeline of that name. Raises InputRefused naming those that there are, or what is wrong with it."""
    if name in PIPELINES:
        return PIPELINES[name]
    broken = [words for folder, words in BROKEN.items() if Path(folder).name == name]
    raise InputRefused(
        *broken or [f"There is no pipeline {name!r}: choose {' or '.join(PIPELINES)}.{meant(name, PIPELINES)}"]
    )


def _local(package: Package) -> Local:
    if not any((package.folder / name).exists() for name in ("local", "local.py")):
        return Local()
    local: Local = import_module(f"{package.pipeline.name}.local").LOCAL
    return local


def _usable() -> Iterator[Pipeline]:
    for package in REGISTRY.packages.values():
        try:
            yield Pipeline(package.pipeline, _local(package))
        except Exception as wrong:  # noqa: BLE001 - as in the registry: the other pipelines go on
            BROKEN[str(package.folder)] = about_broken(package.folder, wrong)


BROKEN = dict(REGISTRY.broken)  # a sentence about each that cannot be used, by its folder
PIPELINES = {pipeline.name: pipeline for pipeline in _usable()}
