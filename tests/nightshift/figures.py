"""A night's page.json, made by the jobs' own functions from a few rows."""

from datetime import date, timedelta

from card_movements.jobs import page as of_cards
from covid_hospitals.jobs import page as of_covid
from mrhealth_sales.jobs import page as of_sales
from wordcount.jobs import figures as of_words

DAY = date(2026, 1, 4)
BRANCHES = {1: "Mr. Health - Jardim", 2: 'Mr. "Health" <b>Norte</b>', 3: "Mr. Health - Sul"}


def page(pipeline, figures, **others):
    """page.json as the gold job writes it."""
    table = {"columns": ["a", "b"], "masked": ["b"], "rows": [["x", "****1234"]], "total": 1}
    return {
        "version": 1,
        "pipeline": pipeline,
        "business_date": str(DAY),
        "input": "s3://acme-night-raw/x",
        "reference": None,
        "tables": {"sales_by_branch_day": table},
        "quarantine": [refused(n) for n in range(2)],
        "figures": figures,
        **others,
    }


def refused(line):
    where = {"source_file": "s3://acme-night-raw/mrhealth/unit_007/pedido.csv", "line": 7210 + line}
    return {"table": "orders", "layer": "silver", **where, "reason": "bad_date", "detail": "'31/02/2026' is no date"}


def sales(units=BRANCHES, days=15):
    """Figures of a chain, each day and unit with a revenue of its own."""
    dates = [DAY - timedelta(days=n) for n in range(days)]
    rows = [_sales(unit, day) for day in dates for unit in units]
    return of_sales.figures(
        DAY,
        {
            "days": rows,
            "sales_by_branch_day": [row for row in rows if row["order_date"] == str(DAY)],
            "units": [{"unit_id": unit, "branch": name} for unit, name in units.items()],
            "products": [{"product_id": n, "product": f"Prato {n}"} for n in (1, 2)],
            "came": [
                {"order_date": str(day), "unit_id": unit, "orders_came": True, "items_came": (unit + day.day) % 5 > 0}
                for day in dates
                for unit in units
            ],
            "product_sales": [_product(1, 812.5), _product(2, 421.07)],
            "alerts": [_alert(2), {**_alert(3), "kind": "not_judged", "observed": None, "expected": None}],
            "stock_recommendations": [_stock(unit, product) for unit in units for product in (1, 2)],
            "path": [_ahead(of, n, day) for of in ("unit", "product") for n in (*units, 2)[:3] for day in range(1, 8)],
        },
    )


def _sales(unit, day):
    revenue = 1200.35 + 211.17 * unit + 13.31 * day.toordinal() % 700
    money = {"gross_value": round(revenue + 230.4, 2), "revenue": round(revenue, 2)}
    more = {"pending_value": 130.15, "cancelled_value": 100.25}
    place = {"branch": BRANCHES.get(unit, f"Unidade {unit}"), "state": "São Paulo" if unit % 2 else "Bahia"}
    return {"order_date": str(day), "unit_id": unit, **place, "orders": 31 + unit, **money, **more}


def _product(number, revenue):
    return {"product_id": number, "product": f"Prato {number}", "quantity": 40 * number, "revenue": revenue}


def _alert(unit):
    message = f"unit {unit}: sales of 120.25 on {DAY}, 1930.75 are usual on that weekday"
    words = {"kind": "unusual_sales", "metric": "gross_value", "severity": "critical", "message": message}
    return {"unit_id": unit, "observed": 120.25, "expected": 1930.75, **words}


def _stock(unit, product):
    known = (unit, product) != (3, 2)
    figures = {"forecast_quantity_7d": 81.25 * product, "backtest_error": 9.75} if known else {}
    nothing = {"forecast_quantity_7d": None, "backtest_error": None}
    return {"unit_id": unit, "product_id": product, **nothing, **figures}


def _ahead(of, number, day):
    pieces = 10.5 * number + day
    band = {"quantity": pieces, "low": pieces - 3.25, "high": pieces + 4.75}
    return {"of": of, "id": number, "forecast_date": str(DAY + timedelta(days=day)), **band}


def words():
    ranked = [{"word": w, "occurrences": n, "rank": r} for r, (w, n) in enumerate(COMMON, 1)]
    lengths = [
        {"length": 2, "words": 3, "occurrences": 1911, "once": 0, "letters": 4523},
        {"length": 5, "words": 2, "occurrences": 67, "once": 1, "letters": 201},
    ]
    return of_words.figures({"ranked": ranked, "lengths": lengths})


COMMON = (("de", 913), ("que", 701), ("da", 297), ("lua", 66), ("<i>", 1))


def cards():
    sums = [
        ("all", "all", False, 5, 1234.56, 700.06), ("all", "all", True, 1, 70.07, 70.07),
        ("day", "2026-01-03", False, 3, 334.5, 200.0), ("day", "2026-01-04", False, 2, 900.06, 700.06),
        ("age", None, False, 1, 100.01, 100.01), ("age", "35", False, 4, 1134.55, 700.06),
        ("account", "CC", False, 5, 1234.56, 700.06), ("text", "Padaria", False, 5, 1234.56, 700.06),
        ("amount", "100", False, 4, 534.5, 200.0), ("amount", "500", False, 1, 700.06, 700.06),
        ("text", "Estorno", True, 1, 70.07, 70.07),
    ]  # fmt: skip
    names = ("kind", "value", "refund", "count", "amount", "largest")
    return of_cards.figures(str(DAY), {"sums": [dict(zip(names, row, strict=True)) for row in sums]})


def covid():
    rates = {"cases_per_100k": 4021.5, "deaths_per_100k": 101.25, "case_fatality": 0.0251}
    states = [
        {"state": uf, "cases": cases, "deaths": 3011, **rates, "population": 9871234, "as_of": "2026-01-03"}
        for uf, cases in (("SP", 402113), ("BA", 99107))
    ]
    beds = [
        {"state": uf, "bed_type": bed, "pool": pool, "occupied": taken, "offered": 100.0, "rate": taken / 100}
        | {"hospitals": 41, "stale_hospitals": 13, "snapshot": "2026-01-02"}
        for uf in ("SP", "BA")
        for bed, pool, taken in (("icu", "total", 151.0), ("icu", "covid", 9033.0), ("clinical", "total", 57.0))
    ]
    place = {"place_kind": "city", "place": "Salvador/BA"}
    series = [
        {"series_date": str(DAY - timedelta(days=n)), "cases": 90000 - 731 * n, "deaths": 2900 - 17 * n, "states": 27}
        for n in range(12)
    ]
    return of_covid.figures(
        {
            "cases_by_state": states,
            "bed_occupancy": beds,
            "suspected_confirmed": [
                {**place, "suspected": 71.0, "confirmed": 29.0, "suspected_rate": 0.71, "confirmed_rate": 0.29}
            ],
            "deaths_by_status": [
                {
                    **place,
                    "deaths_suspected": 37.0,
                    "deaths_confirmed": 43.0,
                    "death_rate_suspected": 0.37,
                    "death_rate_confirmed": 0.43,
                    "doubt": "negative_counts",
                }
            ],
            "most_least_affected": [
                {
                    "place_kind": "state",
                    "metric": "cases",
                    "extreme": "most",
                    "place": "SP",
                    "value": 402113.0,
                    "ties": 1,
                    "as_of": "2026-01-03",
                }
            ],
            "series": series,
            "of_cities": [
                {"state": "BA", "city": "Salvador", "hospitals": 41, "stale_hospitals": 13, **_beds(151.0, None)}
            ],
            "of_hospitals": [
                {"state": "BA", "hospital_id": "0004294", "hospital": "Santa Casa <b>", "city": "Salvador"}
                | {"is_stale": True, "notified_at": "2026-01-01 09:00:00", **_beds(905.0, "over_200_percent")}
            ],
        }
    )


def _beds(taken, doubt):
    icu = {"icu_occupied": taken, "icu_offered": 100.0, "icu_rate": taken / 100, "icu_doubt": doubt}
    return icu | {"clinical_occupied": 57.0, "clinical_offered": 80.0, "clinical_rate": 0.7125, "clinical_doubt": None}


FIGURES = {"mrhealth_sales": sales, "wordcount": words, "card_movements": cards, "covid_hospitals": covid}
