"""What several messages in English have in common: the plural of a count, and the word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def counted(count: int, one: str, several: str = "") -> str:
    """A count with its noun: `1 row`, `1,200 rows`; `several` is the plural where it is not the noun with an s."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def meant(word: str, names: Iterable[str]) -> str:
    """The question for the name that is most like a mistyped word, after a blank; '' if none is."""
    close = get_close_matches(word, list(names), n=1)
    return f" Did you mean {close[0]}?" if close else ""
