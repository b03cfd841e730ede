"""Quality gate: checks the manifests of staged data against the pipeline's contract. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift_contract.model import Table

Manifest = Mapping[str, Any]


def violations(pipeline: Pipeline, manifests: Iterable[Manifest], settings: Settings) -> list[str]:
    """Every broken rule as a sentence; empty when gold may be published."""
    by_layer = {manifest["layer"]: manifest for manifest in manifests}
    max_quarantine_share = settings.max_quarantine_share
    missing = [f"layer {layer} wrote no manifest" for layer in pipeline.layers if layer not in by_layer]
    counted = [line for m in by_layer.values() for line in _layer(m, max_quarantine_share)]
    handed = [
        line
        for a, b in pairwise(pipeline.layers)
        if {a, b} <= by_layer.keys()
        for line in _between(by_layer[a], by_layer[b])
    ]
    staged = {gold["table"]: gold for gold in by_layer.get("gold", {}).get("gold", ())}
    return [
        *missing,
        *counted,
        *handed,
        *(line for table in pipeline.gold for line in _gold(table, staged.get(table.name))),
        *(shortfalls(by_layer.values(), settings) if settings.warnings_fail else ()),
    ]


def shortfalls(manifests: Iterable[Manifest], settings: Settings) -> list[str]:
    """What is missing although the contract holds, as sentences; with any, the night is a success with warnings."""
    return [line for manifest in manifests for line in _shortfalls(manifest, settings.max_refused_share)]


def _shortfalls(manifest: Manifest, most: float) -> Iterator[str]:
    for table in manifest["tables"]:
        if table["lost"] > table["rows_in"] * most:
            where = f"{manifest['layer']}.{table['table']}"
            yield f"{where}: {table['lost']} of {table['rows_in']} rows were lost ({_reasons(table)})"
    if grave := manifest.get("alerts", {}).get("grave"):
        yield f"{grave} alerts report deliveries that are missing or could not be read"


def _layer(manifest: Manifest, max_quarantine_share: float) -> Iterator[str]:
    """Check the row-count invariant (in = accepted + duplicates + quarantined) and the share of lost rows."""
    for table in manifest["tables"]:
        where = f"{manifest['layer']}.{table['table']}"
        rows, kept = table["rows_in"], table["accepted"] + table["duplicates"]
        if rows != kept + table["quarantined"]:
            yield f"{where}: {rows} rows in, but {kept} kept and {table['quarantined']} quarantined"
        if table["lost"] > rows * max_quarantine_share:
            yield f"{where}: {table['quarantined']} of {rows} rows were quarantined ({_reasons(table)})"


def _between(earlier: Manifest, later: Manifest) -> Iterator[str]:
    """Check that a layer read as many rows as the previous one accepted, which shows rows lost in writing."""
    kept = {table["table"]: table["accepted"] for table in earlier["tables"]}
    for table in later["tables"]:
        rows = table["rows_in"]
        if rows != (before := kept.get(table["table"], rows)):
            yield f"{later['layer']}.{table['table']}: {rows} rows in, but {earlier['layer']} kept {before}"


def _gold(table: Table, staged: Mapping[str, Any] | None) -> Iterator[str]:
    if staged is None:
        yield f"gold.{table.name} was not staged"
        return
    if staged["schema"] != table.types:
        yield f"gold.{table.name}: {', '.join(_differences(staged['schema'], table.types))}"
    if staged["rows"] < table.min_rows:
        yield f"gold.{table.name}: {staged['rows']} rows, at least {table.min_rows} expected"
    for fault in ("null_keys", "duplicate_keys"):
        if staged[fault]:
            yield f"gold.{table.name}: {staged[fault]} {fault.replace('_', ' ')} in {', '.join(table.key)}"


def _differences(staged: Mapping[str, str], contract: Mapping[str, str]) -> Iterator[str]:
    yield from (f"column {name} is missing" for name in contract if name not in staged)
    yield from (f"column {name} is not in the contract" for name in staged if name not in contract)
    for name in (name for name in contract if staged.get(name, contract[name]) != contract[name]):
        yield f"column {name} is {staged[name]}, the contract says {contract[name]}"


def _reasons(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(table["reasons"].items()))
