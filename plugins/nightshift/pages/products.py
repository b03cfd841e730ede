"""What a pipeline's own package brings to the pages of its nights: a title, the section of its figures. Pure.

A package may have a folder `page`: its module sets `view(figures)`, which gives the template page.html more to show
beside the figures `f` as `v`, and where money is one currency MONEY, a key of formats.KINDS. Its SHARES, if any, are
the columns of gold that are shares of 1 without a rate in their names.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from nightshift.pages.formats import Both
from nightshift.pipelines import PIPELINES, REGISTRY

BACKFILL = "backfill_"
MOST_REFUSED = 20  # as medallion/page.py writes of one day
MODULE, TEMPLATE, FIGURES = "page", "page.html", "page.json"


def folders() -> dict[str, Path]:
    """The folders of the templates by pipeline."""
    own = {name: package.folder / MODULE for name, package in REGISTRY.packages.items()}
    return {name: folder for name, folder in own.items() if (folder / TEMPLATE).is_file()}


def title(pipeline: str) -> Both:
    """The pipeline's title in both languages, of a backfill that of what it fills."""
    definition = PIPELINES.get(pipeline)
    plain = definition.title if definition else pipeline
    return REGISTRY.says(pipeline, "pt-BR")(plain), plain


def money(pipeline: str) -> str:
    """How amounts of money are shown: a key of formats.KINDS."""
    return str(getattr(_module(pipeline), "MONEY", "n2"))


def shares(pipeline: str) -> Collection[str]:
    """The columns of gold that its package calls shares of 1."""
    return getattr(_module(pipeline), "SHARES", ())


def figures_file(record: Mapping[str, Any]) -> str:
    """Where the run's page.json lies beside its record; of a backfill that of the last day that it published."""
    day = published_day(record)
    return f"{day}/{FIGURES}" if day else FIGURES


def published_day(record: Mapping[str, Any]) -> str:
    """The last day that a backfill published; '' of a night, and of a backfill that published none."""
    return max({partition(gold) for gold in record["gold"]} & {*(record.get("days") or ())}, default="")


def partition(gold: Mapping[str, Any]) -> str:
    """The business date of a published partition of the record."""
    return str(gold["uri"]).rpartition("business_date=")[2].rstrip("/")


def figures(record: Mapping[str, Any], read: Callable[[str], Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
    """The page.json that the run's page is made of; `read` gives one beside the record by its name. That of a backfill
    has the first refused rows of all its days that refused some, or that were not published."""
    page, days = read(figures_file(record)), record.get("days") or ()
    if not days:
        return page
    refused = {m["business_date"] for m in record["layers"] if any(table["quarantined"] for table in m["tables"])}
    wanted = refused | ({*days} - {partition(gold) for gold in record["gold"]})
    pages = {day: read(f"{day}/{FIGURES}") or {} for day in sorted(wanted & {*days})}
    rows = [{**row, "day": day} for day, one in pages.items() for row in one.get("quarantine") or ()]
    return {**(page or {}), "quarantine": rows[:MOST_REFUSED]} if page or rows else None


def view(record: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any] | None:
    """{"template", "f", "v"} of the night's product; None without figures."""
    product = record["pipeline"].removeprefix(BACKFILL)
    module = _module(product)
    if module is None or not page.get("figures"):
        return None
    figures = page["figures"]
    return {"template": f"{product}/{TEMPLATE}", "f": figures, "v": module.view(figures)}


def _module(pipeline: str) -> ModuleType | None:
    return importlib.import_module(f"{pipeline}.{MODULE}") if pipeline in folders() else None
