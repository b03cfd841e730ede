"""The words of texts: charts of their lengths and of frequency by rank. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.pages import charts, words


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts, and which words are stop words; the figures themselves are the job's."""
    lengths = figures["lengths"]
    labels = [(_length(row[0], figures["longest"]),) * 2 for row in lengths]
    name = ("Palavras distintas", "Distinct words")
    ranks = figures["ranks"]
    return {
        "top": [(word, count, share, word in words.STOP_WORDS) for word, count, share in figures["top"]],
        "most": max((row[1] for row in figures["top"]), default=0),
        "most_of_rest": max((row[1] for row in figures["top"] if row[0] not in words.STOP_WORDS), default=0),
        "lengths": charts.bars(labels, [(name, [row[1] for row in lengths])], "int"),
        "zipf": charts.points([(rank, count) for rank, count in ranks], ("Ocorrências", "Occurrences"))
        if len(ranks) > 2
        else "",
    }


def _length(letters: int, longest: int) -> str:
    return f"{letters}+" if letters >= longest else str(letters)
