"""The card movements of a bank: charts by day, age, account and amount. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.pages import charts, formats
from nightshift.pages.formats import NONE, Both, both

MONEY = "brl"
UNKNOWN: Both = ("não informado", "not stated")
AMOUNT: Both = ("Valor", "Amount")
IN_REAIS: Both = ("Valor (R$)", "Amount (R$)")
COUNT: Both = ("Movimentos", "Movements")
DAY: Both = ("Dia do movimento", "Day of the movement")
AGE: Both = ("Idade do associado", "Age of the member")
RANGE: Both = ("Valor do movimento (R$)", "Amount of the movement (R$)")
ACCOUNTS: dict[str, Both] = {"CC": ("Conta corrente", "Current account"), "CP": ("Poupança", "Savings")}


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts and largest values; the figures themselves are the job's."""
    days = formats.days([row[0] for row in figures["days"]])
    ages = _ranges(figures["ages"], figures["bands"], "", ("anos", "years"))
    bins = _ranges(figures["histogram"], figures["steps"], "R$ ", ("", ""))
    return {
        "by_day": _amounts(DAY, days, figures["days"]),
        "counts_by_day": _counts(DAY, days, figures["days"]),
        "by_age": _amounts(AGE, [label for label, *_ in ages], ages),
        "histogram": _counts(RANGE, [label for label, *_ in bins], bins),
        "ages": ages,
        "bins": bins,
        "accounts": [(ACCOUNTS.get(row[0], (row[0] or UNKNOWN[0],) * 2), *row[1:]) for row in figures["accounts"]],
        "most_account": max((row[2] for row in figures["accounts"]), default=0),
        "most_text": max((row[2] for row in figures["texts"]), default=0),
        "most_refund": max((row[2] for row in figures["refund_texts"]), default=0),
        "unknown": UNKNOWN,
    }


def _amounts(by: Both, labels: Sequence[Both], rows: Sequence[Sequence[Any]]) -> str:
    amounts, axes = [(AMOUNT, [row[2] for row in rows])], charts.Axes(by, IN_REAIS)
    return charts.bars(labels, amounts, "brl", axes, axis="compact_brl")


def _counts(by: Both, labels: Sequence[Both], rows: Sequence[Sequence[Any]]) -> str:
    return charts.bars(labels, [(COUNT, [row[1] for row in rows])], "int", charts.Axes(by, COUNT))


def _ranges(
    rows: Sequence[Sequence[Any]], steps: Sequence[int], before: str, after: Both
) -> list[tuple[Both, int, float]]:
    """The rows of a histogram with the range of each in words."""
    return [(_range(row[0], steps, before, after), row[1], row[2]) for row in rows]


def _range(first: int | None, steps: Sequence[int], before: str, after: Both) -> Both:
    if first is None:
        return UNKNOWN
    nexts = [step for step in steps if step > first]
    words = []
    for language, unit in enumerate(after):
        low = both(first, "int")[language]
        high = f"{NONE}{both(nexts[0] - 1, 'int')[language]}" if nexts else "+"
        words.append(f"{before}{low}{high} {unit}".strip())
    return words[0], words[1]
