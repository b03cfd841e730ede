"""Random nights against an accountant: whatever is delivered, corrected and run in whatever order, gold is what the
latest version of each order says."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import main
from medallion.changeset import Changeset
from tests.spark_jobs.conftest import LocalLake
from tests.spark_jobs.test_mrhealth_versions import ITEMS, ORDERS

P = "mrhealth_sales"
DAYS = ["2025-12-31", "2026-01-01", "2026-02-01"]  # months of their own in the order index
UNITS = [1, 2, 3]
FLAT = 3  # its drop lies in the day's folder itself: only its orders name the unit, its items do not
STATUSES = ["Finalizado", "Pendente", "Cancelado"]
NUMBERS = ["7", "b729fe35-3a14-4e3f-a4df-d90d56788f83"]
DEATHS = {"commit": Changeset, "_let_hold": Changeset, "publish": LocalLake}


class Version(NamedTuple):
    """An order as a unit's drop tells it; `pieces` of its one item, none: the drop brings no item of it. Without a
    status the drop brings that item alone, and no order."""

    day: str
    value: int
    status: str
    pieces: int


class Killed(BaseException):
    """The process dies here."""


def drawn(seed: int) -> dict[int, dict[str, Version]]:
    """What the units deliver one night; a unit that has nothing to say delivers nothing.

    Out of a seed, not out of strategies: Hypothesis begins with the simplest of these, a night of equal orders without
    items, and the few examples that a suite can afford would be little else.
    """
    chance = Random(seed)
    drops: dict[int, dict[str, Version]] = {unit: {} for unit in UNITS if chance.random() < 0.8}
    for drop in drops.values():
        for number in (number for number in NUMBERS if chance.random() < 0.8):
            day, status = chance.choice(DAYS), chance.choice(STATUSES)
            drop[number] = Version(day, chance.randint(1, 9), status, chance.randint(0, 3))
        for number in (number for number in NUMBERS if number not in drop and chance.random() < 0.7):
            drop[number] = Version("", 0, "", chance.randint(1, 3))
    return drops


def accounts(ran: dict[str, dict[int, tuple[int, dict[str, Version]]]]) -> dict[str, Any]:
    """What gold must say. `ran`: of each date that was run, each unit's drop, and when it came."""
    told = sorted(
        ((came, date), (unit, number), version)
        for date, units in ran.items()
        for unit, (came, orders) in units.items()
        for number, version in orders.items()
        if version.day <= date  # an order of a day that was not yet is none
    )
    latest = {key: (date, version) for (_, date), key, version in told if version.status}
    owner = {number: unit for unit, number in sorted(latest, reverse=True)}  # of an item that names no unit
    pieces: dict[Any, tuple[bool, int]] = {}
    for (_, date), (unit, number), version in told:
        waits = unit == FLAT and not version.status
        key = (owner.get(number) if waits else unit, number)
        own = key in latest and latest[key][0] == date and not waits
        if version.pieces and own >= pieces.get(key, (False, 0))[0]:
            pieces[key] = own, version.pieces
    sales, sold = Counter[Any](), Counter[Any]()
    for (unit, number), (_, version) in latest.items():
        sales[version.day, unit, "orders"] += 1
        sales[version.day, unit, "gross_value"] += version.value
        sales[version.day, unit, "revenue"] += version.value if version.status == "Finalizado" else 0
        sold[version.day] += pieces.get((unit, number), (True, 0))[1]
    return {"sales": {k: n for k, n in sales.items() if n}, "sold": {k: n for k, n in sold.items() if n}}


class Nights(RuleBasedStateMachine):
    """Deliveries and runs. What a unit delivers for a date it delivered before replaces that, as a corrected file does:
    so orders are corrected, redated, cancelled and withdrawn."""

    spark: Any

    @initialize()
    def begin(self) -> None:
        self.home = TemporaryDirectory()
        self.drops, self.lake = Path(self.home.name) / "drops", LocalLake(self.spark, Path(self.home.name) / "lake")
        self.nights, self.clock, self.started = 0, 1_767_000_000, datetime(2026, 2, 1, tzinfo=UTC)
        self.delivered: dict[str, dict[int, tuple[int, dict[str, Version]]]] = {}
        self.ran: dict[str, dict[int, tuple[int, dict[str, Version]]]] = {}

    def teardown(self) -> None:
        self.home.cleanup()

    @rule(seed=st.integers(0, 2**16), killed=st.sampled_from(["", "", *DEATHS]), date=st.sampled_from(DAYS))
    def night(self, seed: int, killed: str, date: str) -> None:
        """A date is delivered, anew if it was before, and run. Some nights die, and another date's comes before they
        are run again: before their change holds, within it, or before they published."""
        self.nights += 1
        drops = drawn(seed)
        for unit in UNITS:
            told = {n: v._replace(value=v.value + 10 * self.nights) for n, v in drops.get(unit, {}).items()}
            if unit in drops or date not in self.delivered:
                self._deliver(date, unit, told)
        if killed:
            self._run(date, killed)
            if others := [other for other in self.delivered if other != date]:
                self._run(others[seed % len(others)])
        self._run(date)
        self._agree()

    @precondition(lambda self: len(self.ran) > 1)
    @rule(again=st.sampled_from(DAYS), replay=st.booleans())
    def run_again(self, again: str, replay: bool) -> None:
        """A date that was run already says the same once more, read anew or replayed."""
        if again in self.ran:
            self._run(again, replay=replay)
            self._agree()

    def _deliver(self, date: str, unit: int, told: dict[str, Version]) -> None:
        self.clock += 60
        orders = [
            f"{unit},{n},Loja Online,{v.day},{v.value}.00,Rua A,0.00,{v.status}\n" for n, v in told.items() if v.status
        ]
        items = [f"{number},1,5,{version.pieces},1.00,\n" for number, version in told.items() if version.pieces]
        folder = self.drops / date.replace("-", "/") / ("" if unit == FLAT else f"unit_{unit:03}")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("pedido.csv", ORDERS + "".join(orders)), ("item_pedido.csv", ITEMS + "".join(items))):
            (folder / name).write_text(text, encoding="utf-8")
            os.utime(folder / name, (self.clock, self.clock))
        self.delivered.setdefault(date, {})[unit] = (self.clock, told)

    def _run(self, date: str, killed: str = "", *, replay: bool = False) -> None:
        """A night; what it was told counts from its change on."""
        self.started += timedelta(hours=1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(main, "datetime", _Clock(self.started))
            if not killed:
                self.lake.run(P, date, self.drops, replay=replay)
            else:
                patch.setattr(DEATHS[killed], killed, self._dies)
                with pytest.raises(Killed):
                    self.lake.run(P, date, self.drops)
        if killed != "commit":
            self.ran[date] = dict(self.delivered[date])

    def _dies(self, *_: Any, **__: Any) -> None:
        raise Killed

    def _agree(self) -> None:
        expected = accounts(self.ran)
        sales, sold = Counter[Any](), Counter[Any]()
        for row in self.lake.published(P, "sales_by_branch_day"):
            for figure in ("orders", "gross_value", "revenue"):
                sales[str(row["order_date"]), row["unit_id"], figure] += int(row[figure])
        for folder in (self.lake.root / "gold" / P / "product_sales").iterdir():
            day = folder.name.removeprefix("business_date=")
            sold[day] += sum(row["quantity"] for row in self.lake.gold(P, day, "product_sales"))
        assert {k: n for k, n in sales.items() if n} == expected["sales"]
        assert {k: n for k, n in sold.items() if n} == expected["sold"]


class _Clock(NamedTuple):
    """A clock that stands."""

    at: datetime

    def now(self, _zone: Any) -> datetime:
        return self.at


@pytest.mark.timeout(1800)  # five nights; on a slow machine beside other work ten minutes were too few
def test_gold_is_what_an_accountant_says_after_every_night(spark: Any) -> None:
    """Orders are corrected, redated and withdrawn, items come alone, and twice in one drop, one night dies within its
    change, dates come twice."""
    nights = type("Given", (Nights,), {"spark": spark})()
    nights.begin()
    told = [(95, "", DAYS[1]), (96, "", DAYS[0]), (97, "_let_hold", DAYS[1]), (98, "", DAYS[2]), (99, "", DAYS[0])]
    for seed, killed, date in told:
        nights.night(seed=seed, killed=killed, date=date)
    nights.teardown()


@pytest.mark.long
@pytest.mark.timeout(7200)  # ten times six steps of up to three nights; on a busy machine 20 minutes were too few
def test_gold_is_what_an_accountant_says_after_random_nights(spark: Any) -> None:
    machine = type("Machine", (Nights,), {"spark": spark}).TestCase
    machine.settings = settings(
        max_examples=settings.default.max_examples // 20,
        stateful_step_count=6,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a step is a Spark night: what fails is told as it is, not made smaller
    )
    machine().runTest()
