"""How a sample of text is written, for the generator of a script's package: a script may read nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from datagen.tables import FLAGS, Form
from embedded.new.proposal import Proposal
from embedded.new.sample import first_bytes
from medallion import csv_text
from medallion.packing import GZIP
from nightshift_contract.charset import as_utf8, marked_encoding
from nightshift_contract.json_lines import is_json_lines

MOST_LINES = 1000
WIDER = (2**63, 2**31)  # what Spark no longer reads as bigint, as int


def of_sample(proposal: Proposal) -> Form:
    """The form of the file of a proposal, and of its codes: a script that infers types reads 00017 as a number."""
    return replace(of(Path(proposal.sample.where)), codes=dict(_codes(proposal)))


def _codes(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """The columns of digits alone that are no small plain numbers, and from where their made-up values count; those of
    true and false."""
    for n, column in enumerate(proposal.table.columns):
        values = {record.fields[n].strip() for record in proposal.sample.records if record.fields is not None} - {""}
        if values and {value.lower() for value in values} <= {*FLAGS}:
            yield column.name, FLAGS[0]
        if column.type not in ("string", "int", "bigint") or not all(v.isascii() and v.isdigit() for v in values):
            continue
        largest = max(map(int, values), default=0)
        least = next((bound for bound in WIDER if largest >= bound), 0)
        if values and (column.type == "string" or least):
            first = max(least, 10 ** (len(str(largest)) - 1))
            yield column.name, str(first).zfill(max(map(len, values)))


def loses_zeros(proposal: Proposal) -> list[str]:
    """The columns with codes such as 00017, of which a number has no zeros."""
    return [name for name, first in _codes(proposal) if first.startswith("0")]


def of(path: Path) -> Form:
    """The form of a file that sample.read reads: CSV or JSON lines."""
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP)) == GZIP
    content = first_bytes(path)
    mark, encoding = marked_encoding(content) or (b"", "")
    if mark:
        text = content[len(mark) :].decode(encoding, errors="replace").encode()
    else:
        text, encoding = as_utf8(content)
    is_json = is_json_lines(text)
    headers = {} if is_json else csv_text.header_cells(text)
    delimiter = max(headers, key=lambda one: len(headers[one]), default=",")
    strings = _strings(text) if is_json else frozenset[str]()
    return Form(path.name, delimiter, is_json, strings, encoding, mark=bool(mark), gzip=is_packed)


def _strings(text: bytes) -> frozenset[str]:
    """The names in JSON lines that have a string in the first lines."""
    names: set[str] = set()
    for line in text.decode(errors="replace").splitlines()[:MOST_LINES]:
        try:
            parsed = dict(json.loads(line))
        except (ValueError, TypeError):
            continue
        names |= {name for name, value in parsed.items() if isinstance(value, str)}
    return frozenset(names)
