"""The files of a new pipeline's package, as texts, from what was proposed."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from embedded.new.proposal import Proposal
from medallion.shapes import MONEY_TYPE
from nightshift.failures.english import counted
from nightshift_contract.model import PARQUET, Column

WIDTH = 118
HEAD = "# What {name} takes in and gives out; docs/contracts.md says what each word means.\n\n"
# By an amount's type: the type of its sum, and as what it is added up, which gives the same in any order and has room
# for ten thousand million rows.
SUMS = {
    MONEY_TYPE: ("decimal(28,2)", ""),
    "int": ("bigint", ""),
    "bigint": ("decimal(28,0)", "decimal(18,0)"),
    "double": ("double", "decimal(24,12)"),
}
JOB = '''\
"""The layers of {name}: bronze and silver follow from the contract, gold is this product's own."""

from __future__ import annotations

from pyspark.sql import functions as F

from medallion import by_contract
from medallion.by_contract import bronze, silver
from medallion.manifest import Manifest
from medallion.run import Run

__all__ = ["bronze", "gold", "silver"]


def gold(run: Run) -> Manifest:
    """Of each {group} the number of rows{and_sums}."""
    rows = by_contract.rows(run, "{source}"){dated}
    totals = rows.groupBy("{group}").agg(
        F.count(F.lit(1)).alias("rows"),
{sums}    )
    return by_contract.staged(run, {{"{gold}": totals}})
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
    steps=(Step("layers", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    takes="{takes}",
    gives="{gives}",{argument}
)
'''
LOCAL = '''\
"""{title} on this machine: made-up files."""

from embedded.by_contract import local

LOCAL = local("{name}", "{name}/%Y/%m/%d/")
'''
LOCAL_DATABASE = '''\
"""{title} on this machine: a made-up database, where --source names none."""

from embedded.by_contract import local_database

LOCAL = local_database("{name}")
'''
TEST = '''\
"""{title}: made-up rows of the sample's shape, through the three layers."""

from datetime import date

{imports}

DAY = date(2026, 1, 20)


def delivered(folder):
    """Write a day's files into a folder as its delivery; gives the path of each source's file, by its name."""
    uploads = LOCAL.make(folder, [DAY])[DAY].uploads
    return {{upload.source.stem: upload.source for upload in uploads}}


def test_every_made_up_row_counts_once(lake, tmp_path):
    delivered(tmp_path)
    counts = lake.run("{name}", str(DAY), tmp_path)
    assert {{name: count["accepted"] for name, count in counts["silver"].items()}} == {accepted}
    assert sum(row["rows"] for row in lake.gold("{name}", str(DAY), "{gold}")) == ROWS
    assert {{**lake.manifest("{name}", str(DAY), "gold")["gold"][0]}}["duplicate_keys"] == 0
'''
REFUSALS = """\


def test_a_row_without_its_key_and_one_of_another_width_are_quarantined(lake, tmp_path):
    file = delivered(tmp_path)["{source}"]
    with file.open(newline="", encoding="utf-8") as text:
        header, *rows = csv.reader(text, delimiter="{delimiter}")
    without_key = ["" if at == {needed_at} else cell for at, cell in enumerate(rows[0])]
    with file.open("w", newline="", encoding="utf-8") as text:
        csv.writer(text, delimiter="{delimiter}").writerows([header, *rows, without_key, ["x"] * {wider}])
    counts = lake.run("{name}", str(DAY), tmp_path, layers="bronze,silver")
    assert counts["bronze"]["{source}"]["reasons"] == {{"wrong_column_count": 1}}
    assert counts["silver"]["{source}"]["reasons"] == {{"missing_value": 1}}
    assert counts["silver"]["{source}"]["accepted"] == ROWS
"""
PARQUET_REFUSALS = """\


def test_a_row_without_its_key_and_a_file_without_a_column_are_quarantined(lake, tmp_path):
    file = delivered(tmp_path)["{source}"]
    rows = pq.read_table(file)
    pq.write_table(pa.Table.from_pylist([*rows.to_pylist(), {{}}], rows.schema), file)
    pq.write_table(rows.drop_columns(rows.column_names[:1]), file.with_name("{source}_2.parquet"))
    counts = lake.run("{name}", str(DAY), tmp_path, layers="bronze,silver")
    assert counts["bronze"]["{source}"]["reasons"] == {{"missing_column": 1}}
    assert counts["silver"]["{source}"]["reasons"] == {{"missing_value": 1}}
    assert counts["silver"]["{source}"]["accepted"] == ROWS
"""
TEST_DATABASE = '''\
"""{title}: made-up rows of the sample's shape in a PostgreSQL, through the three layers."""

from datetime import date

{imports}

DAY = date(2026, 1, 20)


def test_every_made_up_row_counts_once(lake, made_up, tmp_path):
    counts = lake.run("{name}", str(DAY), tmp_path, secret=made_up(LOCAL, DAY))
    assert {{name: count["accepted"] for name, count in counts["silver"].items()}} == {accepted}
    assert sum(row["rows"] for row in lake.gold("{name}", str(DAY), "{gold}")) == ROWS
    assert {{**lake.manifest("{name}", str(DAY), "gold")["gold"][0]}}["duplicate_keys"] == 0
'''
DATABASE_REFUSALS = """\


def test_a_row_without_its_key_is_quarantined(lake, made_up, tmp_path):
    opened = made_up(LOCAL, DAY, 'INSERT INTO "{table}" DEFAULT VALUES')
    counts = lake.run("{name}", str(DAY), tmp_path, layers="bronze,silver", secret=opened)
    assert counts["silver"]["{source}"]["reasons"] == {{"missing_value": 1}}
    assert counts["silver"]["{source}"]["accepted"] == ROWS
"""
OF_FILES = "of the files under `{name}/YYYY/MM/DD/` of the raw bucket"
OF_DATABASE = """\
of the whole tables of the database whose address is the
secret `<name>/sources/{name}`, as they are when the night reads them"""
FAILURES_OF_FILES = """\
| wait_for_inputs | whether anything was delivered under the prefix it names |
| check_inputs | the columns in its message: they differ from the contract below |"""
FAILURES_OF_DATABASE = """\
| check_inputs | the columns in its message, or the login: see the secret |
| job_layers | the network path from the cluster to the database, and its rights |"""
AGAIN_OF_DATABASE = " A database is read as it is\nnow, also for an earlier date."
RUNBOOK = """\
### {title}

{when}: {gives}, {of}. Gold:
`gold/{name}/{gold}/business_date=…/`, one complete partition per business date.

{{failures}}
{failures}
| audit | the broken rule it names, then `quarantine/{name}/` in the lake for the rows |

**To run a date again**, trigger with `business_date` (or the logical date of the day after it): it replaces that date's
partition and nothing else.{again} After a failed task clear it *with downstream*: the cluster and all that it needs are
created again.
"""


@dataclass(frozen=True)
class Origin:
    """Where a pipeline's input comes from, in the words of its definition and its runbook."""

    takes: str
    of: str
    failures: str
    prefix: str = ""
    argument: str = ""
    when: str = "Every night at 00:00 in São Paulo"
    again: str = ""


def files(name: str, proposals: Sequence[Proposal], after: str = "") -> dict[str, str]:
    """The texts of a package by their paths in its folder; gold is of the first proposal. `after` is the gold table of
    another pipeline that it takes. product.md is not among them: `make docs` writes it from the contract."""
    first = proposals[0]
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "imports": "\n".join(sorted(["from datagen.tables import ROWS", f"from {name}.local import LOCAL"])),
        "source": first.table.name,
        "table": first.table.files,
        **asdict(_origin(name, proposals, after)),
        "gives": f"{first.table.name} by {first.group_by.name}",
        "group": first.group_by.name,
        "dated": _dated(first),
        "gold": first.gold,
        "sums": "".join(f"        {_sum(first.table.column(name))},\n" for name in first.sums),
        "and_sums": " and the sum of each amount" if first.sums else "",
        "delimiter": ";" if first.table.locale else ",",
        "needed_at": next((at for at, column in enumerate(first.table.columns) if _must_be(column, first)), 0),
        "wider": len(first.table.columns) + 1,
        "accepted": "{" + ", ".join(f'"{proposal.table.name}": ROWS' for proposal in proposals) + "}",
    }
    return {
        "__init__.py": f'"""The package of {name}: definition, contract, jobs, test, generator and pages."""\n',
        "definition.py": DEFINITION.format(**words),
        "contract.toml": contract(name, proposals),
        "jobs/__init__.py": f'"""The jobs of {name}."""\n',
        "jobs/job.py": JOB.format(**words),
        "lineage.toml": _lineage(first),
        "local.py": (LOCAL_DATABASE if first.table.database else LOCAL).format(**words),
        "runbook.md": RUNBOOK.format(**words),
        f"test_{name}.py": _test(first).format(**words),
    }


def _origin(name: str, proposals: Sequence[Proposal], after: str) -> Origin:
    names = ", ".join(proposal.table.name for proposal in proposals)
    if proposals[0].table.database:
        return Origin(
            takes=f"{names} of a PostgreSQL, MySQL or MariaDB",
            of=OF_DATABASE.format(name=name),
            failures=FAILURES_OF_DATABASE,
            argument=f'\n    database="{name}",',
            again=AGAIN_OF_DATABASE,
        )
    formats = {proposal.table.format for proposal in proposals}
    kinds = ["Parquet"] * (PARQUET in formats) + ["CSV or JSON lines, gzipped or not"] * ("" in formats)
    return origin_of_files(name, f"files of {names}: {'; '.join(kinds)}", after)


def origin_of_files(name: str, takes: str, after: str) -> Origin:
    """Of a pipeline whose files are delivered, or are the gold table `after` of another one."""
    if after:
        return Origin(
            takes=f"`{after}`",
            of="of that partition",
            failures=FAILURES_OF_FILES.partition("\n")[0],
            argument=f'\n    after="{after}",',
            when=f"When {after} is published",
        )
    return Origin(takes, OF_FILES.format(name=name), FAILURES_OF_FILES, prefix=f"{name}/%Y/%m/%d/")


def _test(first: Proposal) -> str:
    """The template of the package's test. Only a row that lacks something needed is refused for that."""
    needs = any(_must_be(column, first) for column in first.table.columns)
    if first.table.database:
        return TEST_DATABASE + DATABASE_REFUSALS * needs
    if len(first.table.columns) == 1 or not needs:
        return TEST
    if first.table.format != PARQUET:
        return TEST.replace("\nfrom datetime import date\n", "\nimport csv\nfrom datetime import date\n") + REFUSALS
    return (
        TEST.replace("\n{imports}\n", "\nimport pyarrow as pa\nimport pyarrow.parquet as pq\n\n{imports}\n")
        + PARQUET_REFUSALS
    )


def _must_be(column: Column, proposal: Proposal) -> bool:
    """Whether it is required of the key, which has all columns, also empty ones, where no fewer identify a row."""
    return column.required and column.name in proposal.table.key


def _sum(column: Column) -> str:
    """The code that adds a column up."""
    cast = SUMS[column.type][1]
    added = f'F.col("{column.name}").cast("{cast}")' if cast else f'"{column.name}"'
    return f'F.sum({added}).alias("total_{column.name}")'


def _dated(proposal: Proposal) -> str:
    """The code that adds the column to group by, where it is none of the source's."""
    group = proposal.group_by.name
    if group == proposal.group:
        return ""
    value = f'F.to_date("{proposal.group}")' if proposal.group else "F.lit(run.business_date)"
    return f'.withColumn("{group}", {value})'


def contract(name: str, proposals: Sequence[Proposal]) -> str:
    """The text of contract.toml."""
    parts = [*(source_lines(proposal) for proposal in proposals), _gold(proposals[0])]
    return HEAD.format(name=name) + "\n\n".join("\n".join(part) for part in parts) + "\n"


def source_lines(proposal: Proposal) -> Iterator[str]:
    """The lines of a source table in contract.toml."""
    table = proposal.table
    yield f"[sources.{table.name}]"
    about = f"{table.name}, one row per {' and '.join(table.key)}."
    yield f"about = {quoted(about)}"
    yield f"files = {quoted(table.files)}"
    yield f"key = {quoted_list(table.key)}"
    yield from (f"{word} = {quoted(value)}" for word in ("format", "locale") if (value := getattr(table, word)))
    yield from ["database = true"] if table.database else []
    dropped = "refuse" if table.database else "quarantine"
    yield f'drift = {{ added = "ignore", dropped = "{dropped}", retyped = "quarantine" }}'
    yield ""
    yield f"[sources.{table.name}.columns]"
    yield from (_column(column, proposal.personal.get(column.name, "")) for column in table.columns)


def _column(column: Column, personal: str) -> str:
    words = [f"from = {quoted_list(column.names)}", f"type = {quoted(column.type)}"]
    words += [f"digits = {column.digits}"] if column.type == "bigint" else []
    words += [f"{flag} = true" for flag in ("signed", "required") if getattr(column, flag)]
    words += [f"personal = true, about = {quoted(personal)}"] if personal else []
    return f"{column.name} = {{ {', '.join(words)} }}"


def _gold(proposal: Proposal) -> Iterator[str]:
    table, group = proposal.table, proposal.group_by
    yield f"[gold.{proposal.gold}]"
    about = f"The {table.name} of one business date by {group.name}."
    yield f"about = {quoted(about)}"
    yield f"key = {quoted_list([group.name])}"
    yield "fresh_hours = 36"
    yield ""
    yield f"[gold.{proposal.gold}.columns]"
    of = "The date of" if group.name != proposal.group else "As in"
    meaning = f"{of} {table.name}.{proposal.group}." if proposal.group else "The business date."
    yield f"{group.name} = {{ type = {quoted(group.type)}, about = {quoted(meaning)} }}"
    yield 'rows = { type = "bigint", about = "How many rows." }'
    for name in proposal.sums:
        yield f'total_{name} = {{ type = "{SUMS[table.column(name).type][0]}", about = "The sum of {name}." }}'


def _lineage(proposal: Proposal) -> str:
    """The text of lineage.toml: which column of the source each of gold comes from."""
    of = proposal.table.name
    group = proposal.group or proposal.table.key[0]
    lines = [f'{proposal.group_by.name} = ["{of}.{proposal.group}"]'] if proposal.group else []
    lines += [f'rows = ["{of}.{group}"]']
    lines += [f'total_{name} = ["{of}.{name}"]' for name in proposal.sums]
    return "\n".join(["# Which columns each gold column comes from.", "", f"[{proposal.gold}]", *lines]) + "\n"


def shown(proposals: Sequence[Proposal]) -> str:
    """What was read and noticed, for the user to confirm beside the contract."""
    lines = []
    for proposal in proposals:
        sample = proposal.sample
        refused = sum(record.fields is None for record in sample.records)
        lines.append(
            f"{sample.where}: {sample.written}; {counted(len(sample.records), 'row')} looked at, {refused} refused"
        )
        notation = "Brazilian (1.234,56; 29/12/2025)" if proposal.table.locale else "plain"
        lines += [] if sample.typed else [f"  numbers and dates: {notation}"]
        lines += _about_key(proposal)
        lines += [f"  text: {name}, as {value} may be read in two ways" for name, value in proposal.doubtful.items()]
        lines += [f"  left out: {', '.join(sample.left_out)}"] if sample.left_out else []
        lines += [f"  personal: {name} ({kind})" for name, kind in proposal.personal.items()]
    if proposals and not proposals[0].group:
        lines.append("gold: one row a night, since there is no date and no column of few values that it may publish")
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def _about_key(proposal: Proposal) -> Iterator[str]:
    """The key, how far the sample shows that it is one, and what a night does with rows that repeat."""
    own, table, repeats = proposal.sample.table, proposal.table, proposal.repeats
    why = "unique in the sample: check that it always is"
    if own.key:
        why = "the table's own"
    elif len(table.key) == len(table.columns) > 1:
        why = "which are all columns: fewer are not known to identify a row"
    elif repeats:
        why = "which no two different rows of the sample share: check that it is always so"
    yield f"  key: {', '.join(table.key)}, {why}"
    if people := [name for name in table.key if name in proposal.personal]:
        yield f"  the key has personal data ({', '.join(people)}): no others are known to identify a row"
    if repeats:
        rows = sum(record.fields is not None for record in proposal.sample.records)
        yield (
            f"  {repeats} of {rows} rows {'repeats' if repeats == 1 else 'repeat'} another one in full: a night keeps"
            " one of each and counts the others as duplicates. If each is to count, the source must number them"
        )


def quoted(value: str) -> str:
    """A string as TOML and Python write it."""
    return json.dumps(value, ensure_ascii=False)


def quoted_list(values: Sequence[str]) -> str:
    """A list of strings as TOML writes it."""
    return f"[{', '.join(map(quoted, values))}]"
