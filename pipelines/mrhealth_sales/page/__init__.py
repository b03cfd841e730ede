"""The sales of the restaurants: charts of revenue, status and branches. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.pages import charts, formats
from nightshift.pages.formats import Both

MONEY = "brl"
REVENUE: Both = ("Receita", "Revenue")
DAY: Both = ("Dia do pedido", "Day of the order")
BY_DAY = charts.Axes(DAY, ("Receita (R$)", "Revenue (R$)"))
VALUE_BY_DAY = charts.Axes(DAY, ("Valor dos pedidos (R$)", "Value of orders (R$)"))
PIECES_AHEAD = charts.Axes(("Dia previsto", "Day ahead"), ("Peças por dia", "Pieces a day"))
STATUS: tuple[tuple[str, Both], ...] = (
    ("revenue", ("Finalizado", "Finished")),
    ("pending_value", ("Pendente", "Pending")),
    ("cancelled_value", ("Cancelado", "Cancelled")),
)
TOP = 10
SEVERITIES: dict[str, Both] = {
    "critical": ("crítico", "critical"),
    "warning": ("atenção", "warning"),
    "info": ("informação", "info"),
}
SEVERITY_TONES = {"critical": "bad", "warning": "warn", "info": "calm"}
ALERTS: dict[str, Both] = {
    "missing_file": ("arquivo ausente", "missing file"),
    "unreadable_delivery": ("entrega ilegível", "unreadable delivery"),
    "late_file": ("pedidos atrasados", "late orders"),
    "unusual_sales": ("venda fora do usual", "unusual sales"),
    "cancellation_spike": ("pico de cancelamentos", "cancellation spike"),
    "price_change": ("mudança de preço", "price change"),
}
ACTIONS: dict[str, Both] = {
    "missing_file": (
        "Peça o arquivo à unidade; a próxima entrega corrige o dia.",
        "Request the file from the branch; the next delivery corrects the day.",
    ),
    "unreadable_delivery": (
        "Veja a quarentena abaixo e peça à unidade um arquivo correto.",
        "See the quarantine below and request a correct file from the branch.",
    ),
    "late_file": (
        "Nada a fazer hoje: os dias anteriores foram corrigidos. Se repetir, fale com a unidade.",
        "Nothing to do today: the earlier days were corrected. If it happens again, talk to the branch.",
    ),
    "unusual_sales": (
        "Confira com a unidade: feriado, loja fechada, promoção ou arquivo incompleto?",
        "Check with the branch: holiday, closed shop, promotion or an incomplete file?",
    ),
    "cancellation_spike": (
        "Pergunte à unidade o motivo: falta de produto, entrega ou fraude.",
        "Request the reason from the branch: out of stock, delivery, or fraud.",
    ),
    "price_change": (
        "Confirme o preço com a matriz; se não foi decidido lá, corrija no caixa.",
        "Confirm the price with head office; if it was not decided there, correct it at the till.",
    ),
}
BANDS: tuple[tuple[Both, int], ...] = ((("Previsto", "Forecast"), 0), (("De", "From"), 1), (("Até", "To"), 2))
WEEKDAYS: tuple[Both, ...] = (
    ("seg", "Mon"), ("ter", "Tue"), ("qua", "Wed"), ("qui", "Thu"), ("sex", "Fri"), ("sáb", "Sat"), ("dom", "Sun")
)  # fmt: skip


def view(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Charts and largest values; the figures themselves are the job's."""
    days = formats.days(figures["days"])
    units = figures["units"]
    own = [unit for unit in units if unit["today"]]
    return {
        "network": charts.bars(
            days, [(REVENUE, figures["network"]["revenue"])], "brl", BY_DAY, axis="compact_brl", wide=True
        ),
        "top": _lines(days, units[:TOP]) if len(days) > 1 else "",
        "top_units": units[:TOP],
        "panels": [(unit, _unit(days, unit)) for unit in units],
        "status": charts.bars(
            days,
            [(name, figures["network"][key]) for key, name in STATUS],
            "brl",
            VALUE_BY_DAY,
            axis="compact_brl",
            stacked=True,
        ),
        "status_names": [name for _, name in STATUS],
        "status_keys": [key for key, _ in STATUS],
        "ranking": own,
        "most_revenue": _most(unit["today"]["revenue"] for unit in own),
        "most_state": _most(row["revenue"] for row in figures["states"]),
        "most_product": _most(row["revenue"] for row in figures["products"]),
        "most_weekday": _most(value for unit in units for value in unit["weekdays"]),
        "most_forecast": _most(row["quantity"] + row["error"] for row in figures["forecast"]["products"]),
        "order_lists": figures["forecast"]["branches"],
        "forecast_days": _path(figures["forecast"]),
        "most_ahead": _most(pieces for row in figures["forecast"]["products"] for pieces, *_ in row["path"]),
        "bands": [name for name, _ in BANDS],
        "days": figures["days"],
        "severities": SEVERITIES,
        "tones": SEVERITY_TONES,
        "kinds": ALERTS,
        "actions": ACTIONS,
        "alerts_tone": _alerts_tone(figures),
        "weekdays": WEEKDAYS,
    }


def _alerts_tone(figures: Mapping[str, Any]) -> str:
    """The colour of the number of alerts: none is good only if every branch could be judged."""
    if any(alert["severity"] == "critical" for alert in figures["alerts"]):  # the most severe are first
        return "bad"
    if figures["all_alerts"]:
        return "warn"
    return "" if figures["not_judged"] else "good"


def _lines(days: Sequence[Both], units: Sequence[Mapping[str, Any]]) -> str:
    series = [((name(unit), name(unit)), unit["revenue"]) for unit in units]
    return charts.lines(days, series, "brl", BY_DAY, axis="compact_brl", dots=False, wide=True)


def _unit(days: Sequence[Both], unit: Mapping[str, Any]) -> str:
    if len(days) < 2:
        return charts.bars(days, [(REVENUE, unit["revenue"])], "brl", BY_DAY, axis="compact_brl", wide=True)
    return charts.lines(days, [(REVENUE, unit["revenue"])], "brl", BY_DAY, axis="compact_brl", dots=False, wide=True)


def _path(forecast: Mapping[str, Any]) -> str:
    """The network's forecast day by day between the ends of its band."""
    if len(forecast["days"]) < 2:
        return ""
    series = [(name, [day[at] for day in forecast["path"]]) for name, at in BANDS]
    return charts.lines(formats.days(forecast["days"]), series, "int", PIECES_AHEAD, wide=True)


def name(unit: Mapping[str, Any]) -> str:
    """A branch as people know it."""
    return f"{unit['branch'] or '?'} · {unit['id']}"


def _most(values: Any) -> float:
    return max((value for value in values if value is not None), default=0)
