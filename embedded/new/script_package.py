"""The files of a package that runs a user's own spark-submit script, as texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from embedded.new.package import HEAD, LOCAL, RUNBOOK, quoted, quoted_list, source_lines
from embedded.new.proposal import Proposal
from embedded.new.trial import Written

QUARANTINE = ", then `quarantine/{name}/` in the lake for the rows"  # of the runbook; a script has none
OTHER = ": what the script wrote is not what the contract below says"
JOB = '''\
"""The only layer of {name}: the script, as it is, and the tables that it writes."""

from __future__ import annotations

from medallion import script
from medallion.manifest import Manifest
from medallion.run import Run

ARGUMENTS = (
{arguments})


def gold(run: Run) -> Manifest:
    """Run the script and stage what it wrote below {{output}}."""
    return script.gold(run, "scripts/{script}", ARGUMENTS)
'''
DEFINITION = '''\
"""{title}: {gives}."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Pipeline, Step

SOURCES, GOLD = contract.beside(__file__)

PIPELINE = Pipeline(
    name="{name}",
    title="{title}",
    inputs=Inputs(prefix="{name}/%Y/%m/%d/"),
    steps=(Step("script", ("gold",)),),
    gold=GOLD,
    sources=SOURCES,
    takes="what {script} reads",
    gives="{gives}",
)
'''
TEST = '''\
"""{title}: the script, unmodified, on made-up rows of the sample's shape."""

from datetime import date

{imports}

DAY = date(2026, 1, 20)


def test_what_the_script_writes_is_what_the_contract_says(lake, tmp_path):
    assert LOCAL.make(tmp_path, [DAY])[DAY].uploads
    lake.run("{name}", str(DAY), tmp_path / str(DAY), layers="gold")
    staged = lake.manifest("{name}", str(DAY), "gold")["gold"]
    assert {{table["table"]: table["schema"] for table in staged}} == {{table.name: table.types for table in GOLD}}
    assert [table["table"] for table in staged if table["null_keys"] or table["duplicate_keys"]] == []
'''


def files(
    name: str, script: Path, arguments: Sequence[str], sources: Sequence[Proposal], tables: Sequence[Written]
) -> dict[str, str]:
    """The texts of the package by their paths in its folder. Without `sources` (the script reads another format) there
    is no generator, and no test."""
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "script": script.name,
        "gives": ", ".join(table.name for table in tables),
        "gold": tables[0].name,
        "arguments": "".join(f"    {quoted(argument)},\n" for argument in arguments),
        "imports": "\n".join(sorted([f"from {name}.definition import GOLD", f"from {name}.local import LOCAL"])),
    }
    made_up = {"local.py": LOCAL.format(**words), f"test_{name}.py": TEST.format(**words)} if sources else {}
    return {
        "__init__.py": f'"""The package of {name}: definition, contract, script, pages."""\n',
        "definition.py": DEFINITION.format(**words),
        "contract.toml": contract(name, sources, tables),
        "jobs/__init__.py": f'"""The job of {name}."""\n',
        "jobs/job.py": JOB.format(**words),
        f"scripts/{script.name}": script.read_text(encoding="utf-8"),
        "runbook.md": RUNBOOK.replace(QUARANTINE, OTHER).format(**words),
        **made_up,
    }


def contract(name: str, sources: Sequence[Proposal], tables: Sequence[Written]) -> str:
    """The text of contract.toml: what the script reads, if that is known, and what it writes."""
    parts = [*(source_lines(source) for source in sources), *(_gold(table) for table in tables)]
    return HEAD.format(name=name) + "\n\n".join("\n".join(part) for part in parts) + "\n"


def _gold(table: Written) -> Iterator[str]:
    yield f"[gold.{table.name}]"
    yield f"about = {quoted(f'{table.name} of one business date, as the script writes it.')}"
    yield f"key = {quoted_list(table.key)}"
    yield "fresh_hours = 36"
    yield ""
    yield f"[gold.{table.name}.columns]"
    for column, kind in table.columns.items():
        personal = ", personal = true" if column in table.personal else ""
        yield f'{column} = {{ type = {quoted(kind)}{personal}, about = "As the script writes it." }}'
