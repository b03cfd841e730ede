"""What a page shows: the index of nights as far as its reader may see it, and what is derived from that. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nightshift.contracts.pipeline import BACKFILL
from nightshift.web.words import ENGLISH, Words

Night = Mapping[str, Any]
DRIFT = "drift"  # the DAG, and its key in the index


@dataclass(frozen=True)
class Running:
    """A run that Airflow has not ended."""

    dag_id: str
    run_id: str
    state: str


@dataclass(frozen=True)
class Gold:
    """A gold table and its newest partition; `hours` is the time since that was written, None if there is none."""

    product: str
    contract: Mapping[str, Any]
    business_date: str | None
    rows: int | None
    hours: float | None

    @property
    def name(self) -> str:
        return str(self.contract["name"])

    @property
    def limit(self) -> float:
        return float(self.contract["fresh_hours"])

    @property
    def is_stale(self) -> bool:
        """Whether it is older than its contract allows; a table that was never published is not."""
        return self.hours is not None and self.hours > self.limit


@dataclass(frozen=True)
class View:
    """The index for one reader, who may see the DAGs `readable`; `limit` is the dollars that a night may cost."""

    index: Mapping[str, Any]
    readable: Collection[str]
    now: datetime
    limit: float
    timezone: str
    running: Sequence[Running] = ()
    t: Words = ENGLISH  # how the reader's language says texts, numbers and days
    theme: str = ""  # light or dark
    prices_max_age_days: int = 90
    is_kept_here: bool = False  # whether the cloud is on the reader's machine, as in ./nightshift ui

    @property
    def drift(self) -> Mapping[str, Any]:
        """{"attributes", "since", "checked_at"} of stacks that differ from their terraform; {} if nobody has looked, or
        the reader may not see the DAG that does."""
        return dict(self.index.get(DRIFT) or {}) if DRIFT in self.readable else {}

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def products(self) -> dict[str, Any]:
        """The products that the reader may see, by name."""
        return {name: product for name, product in self.index["products"].items() if name in self.readable}

    def title(self, product: str) -> str:
        known = self.index["products"].get(product, {})
        title = known.get("title", product)
        return str(known.get("title_pt", title) if self.t.is_portuguese else title)

    def about(self, product: str, text: str) -> str:
        """A text of the product's contract as the reader reads it; English where nobody has translated it."""
        known = self.products[product].get("words_pt", {}) if self.t.is_portuguese else {}
        return str(known.get(text, text))

    def nights(self, *dag_ids: str) -> list[Night]:
        """The nights of these DAGs, or of all, newest first."""
        wanted = dag_ids or tuple(self.index["nights"])
        every = [n for dag in wanted if dag in self.readable for n in self.index["nights"].get(dag, ())]
        return sorted(every, key=lambda night: str(night["started_at"]), reverse=True)

    def nights_of(self, product: str) -> list[Night]:
        """The nights and backfills of a product, newest first."""
        return self.nights(product, f"{BACKFILL}{product}")

    def by_date(self, product: str) -> dict[str, Night]:
        """The latest night of each business date; a backfill counts for each of its days."""
        oldest_first = reversed(self.nights_of(product))
        return {day: night for night in oldest_first for day in night["days"] or [night["business_date"]]}

    def dates(self, count: int) -> list[str]:
        """The last business dates, oldest first; the newest is yesterday, or today if a night has its date."""
        of_today = any(night["business_date"] == str(self.today) for night in self.nights())
        last = self.today if of_today else self.today - timedelta(days=1)
        return [str(last - timedelta(days=ago)) for ago in reversed(range(count))]

    def left_behind(self) -> list[tuple[Night, str]]:
        """What a run left alive, by its last report; "" if nothing proves that it left nothing."""
        return list(self._left_behind())

    def _left_behind(self) -> Iterator[tuple[Night, str]]:
        for night in self.nights():
            yield from ((night, resource) for resource in (night["alive"] if night["alive"] is not None else [""]))

    def gold(self, product: str) -> list[Gold]:
        """The product's gold tables with their newest partition."""
        return [self._gold(product, contract) for contract in self.products[product]["gold"]]

    def stale(self) -> list[Gold]:
        return [gold for product in self.products for gold in self.gold(product) if gold.is_stale]

    def months(self) -> list[tuple[str, dict[str, Any]]]:
        """What months cost, newest first: {dag: {"usd", "nights", "unknown"}} of the DAGs that the reader may see."""
        seen = {
            month: {dag: paid for dag, paid in dags.items() if dag in self.readable}
            for month, dags in self.index["money"].items()
        }
        return sorted(seen.items(), reverse=True)

    def this_month(self) -> dict[str, Any]:
        return dict(self.months()).get(f"{self.today:%Y-%m}", {})

    def _gold(self, product: str, contract: Mapping[str, Any]) -> Gold:
        newest = self.index["gold"].get(f"{product}.{contract['name']}")
        if newest is None:
            return Gold(product, contract, None, None, None)
        hours = (self.now - datetime.fromisoformat(newest["written_at"])).total_seconds() / 3600
        return Gold(product, contract, newest["business_date"], newest["rows"], round(hours, 1))
