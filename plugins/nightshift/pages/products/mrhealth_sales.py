"""The sales of the restaurants: charts of revenue, status and branches. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.pages import charts
from nightshift.pages.formats import Both, both

REVENUE: Both = ("Receita", "Revenue")
STATUS: tuple[tuple[str, Both], ...] = (
    ("revenue", ("Finalizado", "Finished")),
    ("pending_value", ("Pendente", "Pending")),
    ("cancelled_value", ("Cancelado", "Cancelled")),
)
TOP = 10


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts and largest values; the figures themselves are the job's."""
    days = [both(day, "short") for day in figures["days"]]
    units = figures["units"]
    own = [unit for unit in units if unit["today"]]
    return {
        "network": charts.bars(days, [(REVENUE, figures["network"]["revenue"])], "brl", axis="compact_brl", wide=True),
        "top": _lines(days, units[:TOP]) if len(days) > 1 else "",
        "top_units": units[:TOP],
        "panels": [(unit, _unit(days, unit)) for unit in units],
        "status": charts.bars(
            days, [(name, figures["network"][key]) for key, name in STATUS], "brl", axis="compact_brl", stacked=True
        ),
        "status_names": [name for _, name in STATUS],
        "ranking": own,
        "most_revenue": _most(unit["today"]["revenue"] for unit in own),
        "most_state": _most(row["revenue"] for row in figures["states"]),
        "most_product": _most(row["revenue"] for row in figures["products"]),
        "most_weekday": _most(value for unit in units for value in unit["weekdays"]),
        "most_forecast": _most(row["quantity"] + row["error"] for row in figures["forecast"]["products"]),
        "order_lists": figures["forecast"]["branches"],
        "days": figures["days"],
    }


def _lines(days: Sequence[Both], units: Sequence[Mapping[str, Any]]) -> str:
    series = [((name(unit), name(unit)), unit["revenue"]) for unit in units]
    return charts.lines(days, series, "brl", axis="compact_brl", dots=False, wide=True)


def _unit(days: Sequence[Both], unit: Mapping[str, Any]) -> str:
    if len(days) < 2:
        return charts.bars(days, [(REVENUE, unit["revenue"])], "brl", axis="compact_brl", wide=True)
    return charts.lines(days, [(REVENUE, unit["revenue"])], "brl", axis="compact_brl", dots=False, wide=True)


def name(unit: Mapping[str, Any]) -> str:
    """A branch as people know it."""
    return f"{unit['branch'] or '?'} · {unit['id']}"


def _most(values: Any) -> float:
    return max((value for value in values if value is not None), default=0)
