"""Text files that the run's encoding cannot read, found in their beginnings before a cluster is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightshift.contracts import letters
from nightshift.failures.shown import line
from nightshift_contract.charset import marked_encoding

LONGEST = 60  # characters of a shown line
# Encodings whose line ends are no bytes of their own: the jobs detect such files by their bytes.
WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True)
class Beginning:
    """The beginning of a file: its address, its lines, of which `bad` cannot be decoded, the first of those and the
    encoding that would read the whole beginning. `whole` says that it is the whole file. If it is `doubtful`, the bad
    lines can be decoded, but give letters that no such text has."""

    where: str
    lines: int
    bad: int
    example: str
    fits: str
    whole: bool
    doubtful: bool = False

    def __str__(self) -> str:
        reads = "read like" if self.doubtful else "as in"
        return f"{self.where}: {self.bad} of {self.lines} lines, the first {line(self.example)!r}, {reads} {self.fits}"


def is_text(beginning: bytes, encoding: str) -> bool:
    """Whether a file can be text, by its beginning: no archive, picture or program, and no broken gzip (b"")."""
    wide = encoding.startswith(WIDE) or marked_encoding(beginning) is not None
    return bool(beginning) and not beginning.startswith(b"%PDF-") and (wide or b"\0" not in beginning)


def looked_at(where: str, beginning: bytes, encoding: str, *, whole: bool) -> Beginning | None:
    """The beginning of a file of which some line is not in `encoding`, or that reads like another; None if all lines
    are in it, if the file names its own encoding by a byte order mark, if the encoding is a wide one, or if it is no
    text. The last line is left out unless it is the whole file: it may be cut."""
    if encoding.startswith(WIDE) or marked_encoding(beginning) or not is_text(beginning, encoding):
        return None
    lines = beginning.splitlines() if whole else beginning.splitlines()[:-1]
    text = b"\n".join(lines)
    bad = [line for line in lines if not letters.reads(line, encoding)]
    rather = "" if bad else letters.rather(text, encoding)
    if not bad and not rather:
        return None
    fits = rather or ("utf-8" if letters.reads(text, "utf-8") else letters.likely(text))
    shown = bad or [line for line in lines if not line.isascii()]
    return Beginning(where, len(lines), len(shown), shown[0].decode(fits)[:LONGEST], fits, whole, bool(rather))


def share(beginnings: Sequence[Beginning], clean_lines: int) -> float:
    """The share of the lines that cannot be decoded, as far as whole files show it; `clean_lines` are other lines."""
    bad = sum(b.bad for b in beginnings if b.whole and not b.doubtful)
    return bad / max(1, clean_lines + sum(b.lines for b in beginnings))
