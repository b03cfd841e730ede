"""The page that lists nights: `html(nights)` gives one self-contained HTML with a link to each night's page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.pages import night, render, words


def html(nights: Sequence[tuple[Mapping[str, Any], str]], *, zone: str = night.DEFAULT_ZONE) -> str:
    """The whole page. `nights`: summaries (history.summary), the latest first, each with the address of its page."""
    rows = [
        {
            **summary,
            "title": night.title(summary),
            "words": words.outcome(summary["outcome"]),
            "tone": words.tone(summary["outcome"]),
            "href": address,
        }
        for summary, address in nights
    ]
    latest = {row["dag_id"]: row for row in reversed(rows)}
    view = {"rows": rows, "latest": sorted(latest.values(), key=lambda row: str(row["ended_at"]), reverse=True)}
    return render.page("shelf.html", zone, view)
