"""Text files that the run's encoding cannot read, found in their beginnings before a cluster is paid for."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from nightshift.contracts.drift import MARKS
from nightshift.failures.shown import line

BOMS = (codecs.BOM_UTF8, *(mark for mark, _ in MARKS))  # the jobs read such a file in its own encoding
LIKELY = ("utf-8", "cp1252", "latin-1")  # in this order: latin-1 reads any bytes
LONGEST = 60  # characters of a shown line


@dataclass(frozen=True)
class Beginning:
    """The beginning of a file: its address, its lines, of which `bad` cannot be decoded, the first of those and the
    encoding that would read the whole beginning. `whole` says that it is the whole file."""

    where: str
    lines: int
    bad: int
    example: str
    fits: str
    whole: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.bad} of {self.lines} lines, the first {line(self.example)!r}, as in {self.fits}"


def is_text(beginning: bytes, encoding: str) -> bool:
    """Whether a file can be text, by its beginning: no archive, picture or program, and no broken gzip (b"")."""
    wide = encoding.startswith(("utf-16", "utf-32")) or beginning.startswith(BOMS)
    return bool(beginning) and not beginning.startswith(b"%PDF-") and (wide or b"\0" not in beginning)


def looked_at(where: str, beginning: bytes, encoding: str, *, whole: bool) -> Beginning | None:
    """The beginning of a file of which some line is not in `encoding`; None if all are, if the file names its own
    encoding by a byte order mark, or if it is no text. The last line is left out unless it is the whole file: it may be
    cut."""
    if beginning.startswith(BOMS) or not is_text(beginning, encoding):
        return None
    lines = beginning.splitlines() if whole else beginning.splitlines()[:-1]
    bad = [text for text in lines if not _reads(text, encoding)]
    if not bad:
        return None
    fits = next(name for name in LIKELY if all(_reads(text, name) for text in lines))
    return Beginning(where, len(lines), len(bad), bad[0].decode(fits)[:LONGEST], fits, whole)


def share(beginnings: Sequence[Beginning], clean_lines: int) -> float:
    """The share of the lines that cannot be decoded, as far as whole files show it; `clean_lines` are other lines."""
    bad = sum(b.bad for b in beginnings if b.whole)
    return bad / max(1, clean_lines + sum(b.lines for b in beginnings))


def _reads(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except ValueError:
        return False
    return True
