"""Files that nobody meant to deliver, as their names say: transfers that have not ended, and backups of other files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from medallion.packing import FileRefused
from nightshift_contract.model import Table, plain_name

# What browsers and transfer programs write until a file is whole, and the mark of a file that Office has open.
_PARTIAL = re.compile(r"\.(part|partial|crdownload|download|filepart|tmp|temp|swp)$|^~\$")
_BACKUP = re.compile(r".(~|\.(bak|old|orig)[0-9]*)(\.(csv|txt|tsv|gz))*$")
_BACKUP_WORD = re.compile(r"(?<![a-z])(old|antig[oa]s?|backup|bkp|bak)(?![a-z])")


def refuse_leftover(source_file: str, tables: Iterable[Table]) -> None:
    """Raise FileRefused if a file is a leftover. `tables`: those that it may be of."""
    if why := leftover(source_file, tables):
        raise why


def leftover(source_file: str, tables: Iterable[Table] = ()) -> FileRefused | None:
    """Why a file is not read: its name is that of a partial or backup file, whose rows would count twice, or old ones
    instead of new ones, or as far as the transfer came. None for any other file.

    A word such as `antigo` in a name means this only where tables have names, and none of theirs has such a word.
    """
    name = plain_name(source_file.rsplit("/", 1)[-1])
    if _PARTIAL.search(name):
        return FileRefused("partial_file", "its name is that of an unfinished file; deliver it under its own name")
    stems = [table.files for table in tables]
    is_word = stems and not any(map(_BACKUP_WORD.search, stems)) and _BACKUP_WORD.search(name)
    if _BACKUP.search(name) or is_word:
        return FileRefused("backup_file", "its name is that of a backup; if it counts, deliver it under another name")
    return None
