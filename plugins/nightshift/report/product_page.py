"""Documentation of pipelines: a page from each contract (gold, sources, drift rules), the README's table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nightshift.contracts.pipeline import Pipeline
from nightshift.pipelines import REGISTRY
from nightshift.pipelines.registry import Package
from nightshift_contract.model import Table

PAGE = "product.md"  # of a pipeline's folder
EARLY = "before it costs anything"
IF_SEEN = " (in its first step if Airflow cannot reach the database)"
DRIFT_RULE_TEXT = {
    ("added", "ignore"): "a new column is reported and ignored",
    ("added", "refuse"): f"a new column stops the run {EARLY}",
    ("dropped", "quarantine"): "the rows of a file without one of its columns are quarantined",
    ("dropped", "refuse"): f"without one of its columns the run stops {EARLY}",
    ("retyped", "quarantine"): "values of another type are quarantined",
    ("retyped", "refuse"): f"a column of another type stops the run {EARLY}",
}


def page(pipeline: Pipeline) -> str:
    """The page in Markdown."""
    return "\n".join(_lines(pipeline))


def write(root: Path) -> None:
    """Write the page of each pipeline of a checkout and the table in its README, as `make docs` does."""
    packages = [package for package in REGISTRY.packages.values() if package.folder.is_relative_to(root.resolve())]
    for package in packages:
        (package.folder / PAGE).write_text(whole(package.pipeline), encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8"), root, packages), encoding="utf-8")


def with_table(readme: str, root: Path, packages: Iterable[Package]) -> str:
    """The text of README.md with a row for each pipeline."""
    header, line, *rows = _table(("product", "from", "gold"), [_row(package, root.resolve()) for package in packages])
    given = re.escape(f"{header}\n{line}\n") + r"(\|.*\n)*"
    return re.sub(given, lambda _: "\n".join((header, line, *rows)) + "\n", readme)


def _row(package: Package, root: Path) -> tuple[str, ...]:
    pipeline, page_of = package.pipeline, (package.folder / PAGE).relative_to(root).as_posix()
    return f"[{pipeline.name}]({page_of})", pipeline.takes, pipeline.gives


def whole(pipeline: Pipeline) -> str:
    """The page with its title, for a separate file."""
    return f"# {pipeline.title}\n\nWritten by `make docs` from the contract; change that instead.\n\n{page(pipeline)}\n"


def _lines(pipeline: Pipeline) -> Iterator[str]:
    yield "## What it gives"
    for table in pipeline.gold:
        yield from _gold(pipeline, table)
    for file in pipeline.exports:
        yield from ("", f"`{file}`: every row as text, in `exports/{pipeline.name}/` of the lake or where a run says.")
    if pipeline.sources:
        yield from ("", "## What it takes")
    for source in pipeline.sources:
        yield from _source(pipeline, source)


def _gold(pipeline: Pipeline, table: Table) -> Iterator[str]:
    yield from ("", f"### {table.name}", "", table.about, "")
    yield f"Key: {_listed(table.key)}. The newest partition is at most {table.fresh_hours:g} hours old."
    yield from ("", f"Files: `gold/{pipeline.name}/{table.name}/business_date=YYYY-MM-DD/` of the lake.")
    rows = [(f"`{c.name}`", c.type, _meaning(c.about, c.personal)) for c in table.columns]
    yield from ("", *_table(("column", "type", "meaning"), rows))


def _source(pipeline: Pipeline, source: Table) -> Iterator[str]:
    yield from ("", f"### {source.name}", "", source.about, "")
    yield f"Key: {_listed(source.key)}. Schema drift: {'; '.join(_drift(pipeline, source))}."
    rows = [
        (
            f"`{c.name}`",
            c.type,
            ", ".join(f"`{n}`" for n in c.names),
            "yes" if c.required else "",
            _meaning(c.about, c.personal),
        )
        for c in source.columns
    ]
    yield from ("", *_table(("column", "type", "in the source", "required", "meaning"), rows))


def _meaning(about: str, personal: bool) -> str:
    return f"**Personal.** {about}".strip() if personal else about


def _drift(pipeline: Pipeline, source: Table) -> list[str]:
    rules = [DRIFT_RULE_TEXT[event, rule] for event, rule in source.drift.items()]
    # A pipeline that reads files usually gets its input so: its page omits IF_SEEN.
    return rules if pipeline.reads_files else [line.replace(EARLY, f"{EARLY}{IF_SEEN}") for line in rules]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
