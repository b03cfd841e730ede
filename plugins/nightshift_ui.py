"""Airflow plugin: Nightshift's pages in Airflow's UI. Every part of Airflow imports this file, so it imports no other
but the settings. Airflow shows a page's name as it is registered to every reader: it is in the deployment's language.

Source of the shapes: Airflow 3.3, "Plugins" (fastapi_apps, react_apps), and airflow/plugins_manager.py.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from nightshift.config import LANGUAGES, language_at_import


class LazyApp:
    """The app of nightshift.web, imported at the first request: only the web server serves it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from nightshift.web.app import app  # noqa: PLC0415 - seconds, and not for schedulers and workers

        await app(scope, receive, send)


TITLES = {  # page: its title in the order of LANGUAGES
    "home": ("Nightshift", "Nightshift"),
    "nights": ("Nights", "Noites"),
    "money": ("Money", "Custos"),
    "alive": ("Alive", "Ativos"),
    "products": ("Products", "Produtos"),
    "dictionary": ("Dictionary", "Dicionário"),  # the sidebar cuts what is longer
    "dag": ("Nightshift nights", "Noites da Nightshift"),
    "run": ("Nightshift report", "Relatório da Nightshift"),
}
SIDEBAR = {  # page: the line of its icon in a square of 24
    "nights": "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
    "money": "M12 2v20M17 7c0-4-10-4-10 .5S17 11.5 17 16s-10 4-10 .5",
    "alive": "M2 12h5l3-8 4 16 3-8h5",
    "products": "M3 8l9-5 9 5v8l-9 5-9-5zM3 8l9 5 9-5M12 13v8",
    "dictionary": "M5 4h12a2 2 0 0 1 2 2v14H7a2 2 0 0 1-2-2zM9 8h6M9 12h6",
}
AMBER = "%23c2750c"  # seen on the sidebar's light, dark and chosen items


def _page(name: str, destination: str = "nav", **more: Any) -> dict[str, Any]:
    title = TITLES[name][LANGUAGES.index(language_at_import())]
    route = {"bundle_url": f"nightshift/{name}.js", "url_route": f"nightshift_{name}"}
    return {"name": title, "destination": destination, **route, **more}


def _icon(line: str) -> str:
    """An SVG as an address of its own."""
    stroke = f"fill='none' stroke='{AMBER}' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'"
    picture = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' {stroke}><path d='{line}'/></svg>"
    return f"data:image/svg+xml,{picture}"


class NightshiftUi(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "nightshift_ui"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": "/nightshift", "name": "Nightshift"}]  # noqa: RUF012 - as in its base class
    react_apps = [  # noqa: RUF012
        _page("home", "dashboard"),
        *(_page(name, nav_top_level=True, icon=_icon(line)) for name, line in SIDEBAR.items()),
        _page("dag", "dag"),
        _page("run", "dag_run"),
    ]
