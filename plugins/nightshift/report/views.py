"""What Athena and QuickSight show of each product, for terraform: views, saved queries and charts.

`views.toml` in a pipeline's folder has those of its own, with the SQL of Athena (Trino). Each gold table also has a
view `<table>_latest` of its newest partition. `make docs` writes all of them into one file a
language, include/terraform/views.json and views.pt-BR.json, since terraform reads no TOML and a view has to state its
columns' types.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nightshift.config import LANGUAGES
from nightshift.contracts.pipeline import Pipeline
from nightshift.failures.errors import SettingsError
from nightshift.lake.catalog import LONGEST_COMMENT, shortened
from nightshift.pipelines import REGISTRY
from nightshift_contract.model import Table

FILE = "views.toml"
WORDS = {  # of the parts of a file: the words that an entry must have, and those that it may have
    "views": ({"about", "sql", "columns"}, set[str]()),
    "queries": ({"about", "sql"}, set[str]()),
    "charts": ({"title", "kind", "view", "values"}, {"category"}),
}
KINDS = {"kpi": False, "line": True, "bar": True, "table": False}  # of a chart: whether it has a category
DAY = {"name": "business_date", "type": "date", "about": "The partition that the row is of: the newest."}
SPOKEN = {"title", "about"}  # the words of an entry whose texts are for people
Body = dict[str, Any]


def product(pipeline: Pipeline, folder: Path) -> Body:
    """The views, queries and charts of the product in a folder, as views.json has them. Raises SettingsError naming the
    file and its faults."""
    path = folder / FILE
    own: Body = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if faults := [*_faults(own)]:
        raise SettingsError(f"The views in {path} are wrong: {'; '.join(faults)}.")
    latest = {f"{table.name}_latest": _latest(pipeline, table) for table in pipeline.gold}
    views = latest | {name: _view(view) for name, view in own.get("views", {}).items()}
    charts = [{"category": "", **chart} for chart in own.get("charts", [])]
    if faults := [*_chart_faults(views, charts)]:
        raise SettingsError(f"The charts in {path} are wrong: {'; '.join(faults)}.")
    queries = {name: {**query, "sql": query["sql"].strip()} for name, query in own.get("queries", {}).items()}
    return {"title": pipeline.title, "views": views, "queries": queries, "charts": charts}


def text(language: str = "en") -> str:
    """The whole of views.json, or of the file of another language of config.LANGUAGES."""
    every = {
        name: _fitting(_spoken(product(package.pipeline, package.folder), REGISTRY.says(name, language)))
        for name, package in REGISTRY.packages.items()
    }
    return json.dumps(every, ensure_ascii=False, indent=1) + "\n"


def write(folder: Path) -> None:
    """Write the file of each language, which terraform finds by its name."""
    for language in LANGUAGES:
        name = "views.json" if language == "en" else f"views.{language}.json"
        (folder / name).write_text(text(language), encoding="utf-8")


def _spoken(part: Any, says: Callable[[str], str]) -> Any:
    """A part of a product with what people read in it in another language."""
    if isinstance(part, list):
        return [_spoken(each, says) for each in part]
    if not isinstance(part, dict):
        return part
    is_text = {word: word in SPOKEN and isinstance(each, str) for word, each in part.items()}
    return {word: says(each) if is_text[word] else _spoken(each, says) for word, each in part.items()}


def _fitting(product: Body) -> Body:
    """The product with comments of columns that Glue takes."""
    for column in (each for view in product["views"].values() for each in view["columns"]):
        column["about"] = shortened(column["about"], LONGEST_COMMENT)
    return product


def _view(view: Mapping[str, Any]) -> Body:
    columns = [{"name": name, **spec} for name, spec in view["columns"].items()]
    return {"about": view["about"], "sql": view["sql"].strip(), "columns": columns}


def _latest(pipeline: Pipeline, table: Table) -> Body:
    """The newest partition of a table, without personal columns."""
    shown = [column for column in table.columns if not column.personal]
    source = f"{pipeline.product}_{table.name}"
    columns = [{"name": c.name, "type": c.type, "about": c.about} for c in shown]
    newest = f"WHERE business_date = (SELECT max(business_date) FROM {source})"  # noqa: S608 - a name of the contract
    return {
        "about": f"The newest partition of {table.name}.",
        "sql": "\n".join((f"SELECT {', '.join(c.name for c in shown)}, {DAY['name']}", f"FROM {source}", newest)),
        "columns": [*columns, DAY],
    }


def _faults(own: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"it has the unknown part {part!r}" for part in sorted(own.keys() - WORDS.keys()))
    for part, (needed, more) in WORDS.items():
        entries = own.get(part, {})
        named = entries.items() if isinstance(entries, dict) else enumerate(entries, 1)
        for name, entry in named:
            yield from (f"{part} {name} lacks {word}" for word in sorted(needed - entry.keys()))
            yield from (f"{part} {name} has the unknown word {w!r}" for w in sorted(entry.keys() - needed - more))


def _chart_faults(views: Mapping[str, Body], charts: list[Body]) -> Iterator[str]:
    for chart in charts:
        columns = {column["name"] for column in views.get(chart["view"], {}).get("columns", [])}
        named = {*chart["values"], *([chart["category"]] if chart["category"] else [])}
        if missing := named - columns:
            yield f"{chart['title']!r} shows {', '.join(sorted(missing))}, which {chart['view']} does not have"
        if KINDS.get(chart["kind"]) is not bool(chart["category"]):
            yield f"{chart['title']!r} is no {chart['kind']} as {', '.join(KINDS)} are, with or without a category"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
