"""The figures of each product as its section of the page shows them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nightshift.pages.products import card_movements, covid_hospitals, mrhealth_sales, wordcount

Figures = Mapping[str, Any]
VIEWS: dict[str, Callable[[Figures], dict[str, Any]]] = {
    "mrhealth_sales": mrhealth_sales.view,
    "covid_hospitals": covid_hospitals.view,
    "card_movements": card_movements.view,
    "wordcount": wordcount.view,
}


def view(record: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any] | None:
    """{"template", "f": the figures, …} of the night's product; None without figures."""
    if record["pipeline"] not in VIEWS or not page.get("figures"):
        return None
    figures = page["figures"]
    return {"template": f"{record['pipeline']}.html", "f": figures, **VIEWS[record["pipeline"]](figures)}
