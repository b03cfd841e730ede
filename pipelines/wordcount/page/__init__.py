"""The words of texts: charts of their lengths and of frequency by rank. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nightshift.pages import charts
from nightshift.pages.formats import Both

_STOP_WORDS = """
a à ao aos as às até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse esta está este eu
foi for foram há isso isto já lhe lhes mais mas me mesmo meu minha muito na não nas nem no nos nós num numa o os ou para
pela pelas pelo pelos por porque quando que quem se sem ser seu seus só sobre sua suas também tão te tem tinha um uma
vos você
about after all also am an and any are as at be because been but by can could did do for from had has have he her him
his how i if in into is it its just like me more my no not of on or our out she so some than that the their them then
there they this to up us was we were what when which who will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

LETTERS: Both = ("Letras da palavra", "Letters of the word")
LOGARITHMIC = charts.Axes(
    ("Posição (escala logarítmica)", "Rank (logarithmic scale)"),
    ("Ocorrências (escala log.)", "Occurrences (log scale)"),
)


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts, and which words are stop words; the figures themselves are the job's."""
    lengths = figures["lengths"]
    labels = [(_length(row[0], figures["longest"]),) * 2 for row in lengths]
    name = ("Palavras distintas", "Distinct words")
    ranks = figures["ranks"]
    return {
        "top": [(word, count, share, word in STOP_WORDS) for word, count, share in figures["top"]],
        "most": max((row[1] for row in figures["top"]), default=0),
        "most_of_rest": max((row[1] for row in figures["top"] if row[0] not in STOP_WORDS), default=0),
        "lengths": charts.bars(labels, [(name, [row[1] for row in lengths])], "int", charts.Axes(LETTERS, name)),
        "zipf": charts.points([(rank, count) for rank, count in ranks], ("Ocorrências", "Occurrences"), LOGARITHMIC)
        if len(ranks) > 2
        else "",
    }


def _length(letters: int, longest: int) -> str:
    return f"{letters}+" if letters >= longest else str(letters)
