"""Bind a lake to one database: movement numbers are unique within one database only."""

from __future__ import annotations

import json

from medallion.errors import SourceError
from medallion.lake import Lake
from nightshift_contract.secret import Address


def check(lake: Lake, address: Address) -> str:
    """The database's identity, which the manifest records and `publish` stores. Raises SourceError when the lake has
    movements of another database, unless the run declares that the same one has moved."""
    kept = lake.storage.read_text(f"{lake.run.lake}/silver/{lake.run.pipeline}/_source.json")
    owner = json.loads(kept)["identity"] if kept else address.identity
    if owner != address.identity and not lake.run.is_on("source_moved"):
        raise SourceError(
            f"opening the database: the lake holds movements of another database, {owner}, and this is"
            f" {address.identity}. If it is the same one at another address, run once with source_moved"
            " (--source-moved); else give this one a lake of its own (NIGHTSHIFT_NAME)"
        )
    return address.identity
