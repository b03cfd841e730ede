"""The files of a package that runs a user's own spark-submit scripts or SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from datagen.tables import Form, generate_table
from embedded.new import form
from embedded.new.package import HEAD, LOCAL, RUNBOOK, origin_of_files, quoted, quoted_list, source_lines
from embedded.new.proposal import Proposal
from embedded.new.sample import lake_name
from embedded.new.trial import Own, Written
from tools.errors import InputRefused

# Names that Spark's DDL, Glue and Athena take unquoted. Glue keeps the names of tables in lower case:
# https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
TABLE, COLUMN = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARTITION = "business_date"  # the column by which the catalogue divides every gold table
QUARANTINE = ", then `quarantine/{name}/` in the lake for the rows"  # of the runbook; a script has none
OTHER = ": what the script wrote is not what the contract below says"
LOCAL_IN_FORM = '''\
"""{title} on this machine: made-up files, written as the sample is."""

from datagen.tables import Form
from embedded.by_contract import local

FORMS = {{
{forms}}}
LOCAL = local("{name}", "{name}/%Y/%m/%d/", FORMS)
'''
JOB = '''\
"""The only layer of {name}: the scripts, as they are, and the tables that they write."""

from __future__ import annotations

from medallion import script
from medallion.manifest import Manifest
from medallion.run import Run

ARGUMENTS = (
{arguments})
{further}

def gold(run: Run) -> Manifest:
    """Run the scripts and stage what they wrote below {{output}}."""
    return script.gold(run, "scripts/{script}", ARGUMENTS{more})
'''
DEFINITION = '''\
"""{title}: {gives}."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Pipeline, Step

SOURCES, GOLD = contract.beside(__file__)

PIPELINE = Pipeline(
    name="{name}",
    title="{title}",
    inputs=Inputs(prefix="{prefix}"),
    steps=(Step("script", ("gold",)),),
    gold=GOLD,
    sources=SOURCES,
    takes="{takes}",
    gives="{gives}",{argument}
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
    name: str, own: Own, sources: Sequence[Proposal], tables: Sequence[Written], after: str = ""
) -> dict[str, str | bytes]:
    """The files of the package by their paths in its folder. Without `sources` (the scripts read another format) there
    is no generator, and no test. `after` is the gold table of another pipeline that it takes."""
    (first, arguments), *others = own.scripts
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "script": first.name,
        "gives": ", ".join(table.name for table in tables),
        **asdict(origin_of_files(name, f"what {first.name} reads", after)),
        "gold": tables[0].name,
        "arguments": _indented(arguments),
        "further": _further(others, own.modules),
        "more": f"{', *FURTHER' if others else ''}{', modules=MODULES' if own.modules else ''}",
        "imports": "\n".join(sorted([f"from {name}.definition import GOLD", f"from {name}.local import LOCAL"])),
    }
    forms = {s.table.name: form.of_sample(s) for s in sources if not s.table.format}
    entries = "".join(f'    "{table}": {_as_python(own)},\n' for table, own in forms.items())
    local = LOCAL_IN_FORM.format(**words, forms=entries) if forms else LOCAL.format(**words)
    made_up = {"local.py": local, f"test_{name}.py": TEST.format(**words)} if sources else {}
    return {
        "__init__.py": f'"""The package of {name}: definition, contract, script, pages."""\n',
        "definition.py": DEFINITION.format(**words),
        "contract.toml": contract(name, sources, tables),
        "jobs/__init__.py": f'"""The job of {name}."""\n',
        "jobs/job.py": JOB.format(**words),
        **{f"scripts/{file.name}": file.read_bytes() for file in (*(s for s, _ in own.scripts), *own.modules)},
        **_jars(own.jars),
        "runbook.md": RUNBOOK.replace(QUARANTINE, OTHER).format(**words),
        **made_up,
    }


def _as_python(written: Form) -> str:
    """A form in Python, without what it need not say."""
    said = {f.name: value for f in fields(written) if (value := getattr(written, f.name)) and value != f.default}
    return f"Form({', '.join(f'{name}={_literal(value)}' for name, value in said.items())})"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, frozenset):
        return f"frozenset({quoted_list(sorted(value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(key)}: {quoted(of)}' for key, of in value.items())}}}"
    return str(value)


def made_up(sources: Sequence[Proposal], day: date) -> dict[str, bytes]:
    """Files of made-up rows as the package's generator writes them, by name."""
    forms = {s.table.name: None if s.table.format else form.of_sample(s) for s in sources}
    return {
        own.file if (own := forms[s.table.name]) else f"{s.table.name}.{s.table.format}": generate_table(
            s.table, day, form=own
        )
        for s in sources
    }


def losses(sources: Sequence[Proposal], tables: Sequence[Written]) -> Iterator[str]:
    """A sentence on each table in which codes have become numbers, as the script reads them."""
    codes = {name for source in sources for name in form.loses_zeros(source)}
    for table in tables:
        if lost := [name for name, kind in table.columns.items() if lake_name(name, "") in codes and kind != "string"]:
            are, kinds = ", ".join(lost), ", ".join(sorted({table.columns[name] for name in lost}))
            yield (
                f"Of {are} in {table.name} the leading zeros are lost: what is 00017 in the sample is 17, since the"
                f" script reads codes as numbers ({kinds}). If the zeros count, have it read them as text: a schema,"
                " or no inferSchema."
            )


def refuse_names(tables: Sequence[Written]) -> None:
    """Raise InputRefused naming each table and column whose name a gold table, or its column, cannot have."""
    wrong = [f"table {t.name}: call it {lake_name(t.name, 'rows')}" for t in tables if not TABLE.fullmatch(t.name)]
    for table in tables:
        for column in table.columns:
            if not COLUMN.fullmatch(column) or column.lower() == PARTITION:
                other = f"{PARTITION}_given" if column.lower() == PARTITION else lake_name(column, "column")
                wrong.append(f"column {column} of {table.name}: call it {other}")
    if wrong:
        listed = "".join(f"\n  {one}" for one in wrong)
        raise InputRefused(
            f"Nothing was written: the script wrote names that no table of the catalogue can have (letters, digits and"
            f" _; {PARTITION} is the partition's):{listed}\n"
            'Give a column an alias in the script (.alias("NAME"), in SQL AS NAME); write a table to {output}/NAME.'
        )


def _indented(words: Sequence[str]) -> str:
    return "".join(f"    {quoted(word)},\n" for word in words)


def _further(others: Sequence[tuple[Path, Sequence[str]]], modules: Sequence[Path]) -> str:
    """The constants of the scripts after the first, and of the modules that they import."""
    lines = [
        f'    ("scripts/{script.name}", ({"".join(f"{quoted(w)}, " for w in words)})),\n' for script, words in others
    ]
    further = f"FURTHER: tuple[tuple[str, tuple[str, ...]], ...] = (\n{''.join(lines)})\n" if others else ""
    named = _indented([f"scripts/{module.name}" for module in modules])
    return further + (f"MODULES = (\n{named})\n" if modules else "")


def _jars(jars: Sequence[Path]) -> dict[str, str | bytes]:
    """The jars, and their SHA-256, which a night compares before it uploads them."""
    contents = {jar.name: jar.read_bytes() for jar in jars}
    sums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    return {
        **{f"jars/{name}": content for name, content in contents.items()},
        **({"jars/SHA256SUMS": sums} if jars else {}),
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
