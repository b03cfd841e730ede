"""Instance types: processors, memory, architecture and list prices, from include/instance_types.toml and a price file.

The price file (NIGHTSHIFT_PRICES_FILE) holds what `./nightshift prices` looked up, and takes precedence. Sources of the
prices: docs/decisions/0005-prices.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from nightshift.config import INCLUDE, Settings
from nightshift.failures.errors import PreflightError

TYPES = INCLUDE / "instance_types.toml"
VCPU_OF_XLARGE = 4
YARDSTICK = "m5.xlarge"  # the type whose price in a region says how much dearer the others are there
ARM64 = "arm64"


@dataclass(frozen=True)
class InstanceType:
    """What one instance has; `architecture` is x86_64 or arm64."""

    name: str
    architecture: str
    vcpu: int
    gib: float

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Price:
    """$ per hour of one instance: EC2 On-Demand and EMR's fee. `as_of` is the date of the list price, `source` the
    file that it was read from, '' if it was looked up."""

    ec2: float
    emr: float
    as_of: str
    source: str = ""

    @property
    def total(self) -> float:
        return self.ec2 + self.emr


@dataclass(frozen=True)
class Rate:
    """$ of one unit of anything else that a bill has (see instance_types.toml); `as_of` and `source` as of Price."""

    usd: float
    as_of: str
    source: str = ""


@dataclass(frozen=True)
class Table:
    """The known instance types and their prices in one region, and other rates by name. `source` says which prices of
    instances these are, and of when; `at_home` is what the yardstick costs in us-east-1."""

    region: str
    types: Mapping[str, InstanceType]
    prices: Mapping[str, Price]
    at_home: Price
    source: str
    rates: Mapping[str, Rate]

    @property
    def as_of(self) -> str:
        """The date of the oldest of its prices of instances; '' without any."""
        return min((price.as_of for price in self.prices.values()), default="")

    def oldest(self, rates: Iterable[str]) -> str:
        """The date of the oldest of these rates; '' for a region without prices."""
        return min((self.rates[name].as_of for name in rates if name in self.rates), default="")

    def check(self, names: Iterable[str]) -> None:
        """Raises PreflightError naming the types that are unknown or have no price, and the command that adds them."""
        missing = [name for name in dict.fromkeys(names) if name not in self.types or name not in self.prices]
        if missing:
            raise PreflightError(
                f"No price is known for {', '.join(missing)} in {self.region}, so the cost cannot be estimated.",
                f"Add it with: ./nightshift prices {' '.join(missing)} --region {self.region}"
                " (from AWS's price list into NIGHTSHIFT_PRICES_FILE), then trigger the run again.",
            )

    def type(self, name: str) -> InstanceType:
        """The facts of a type. Raises PreflightError if it is unknown."""
        if name not in self.types:
            self.check([name])
        return self.types[name]

    def price(self, name: str) -> Price:
        """The price of a type in the region. Raises PreflightError if it is not known."""
        self.check([name])
        return self.prices[name]

    def rate(self, name: str) -> float:
        """Dollars of one unit in the region. Raises PreflightError for a region without prices."""
        if name not in self.rates:
            self.check([YARDSTICK])
        return self.rates[name].usd

    def spares(self, types: Iterable[str]) -> tuple[str, ...]:
        """The types to request in addition when EC2 has none of `types`: of each other family of the architecture, with
        at least as much memory per processor, the smallest with at least the vCPU of the first of `types`."""
        configured = [self.type(name) for name in types]
        own = configured[0]
        fits: dict[str, InstanceType] = {}
        for other in sorted(self.types.values(), key=lambda kind: kind.vcpu):
            if other.name in self.prices and _can_replace(own, other):
                fits.setdefault(other.family, other)
        return tuple(kind.name for family, kind in fits.items() if family not in {c.family for c in configured})


def of(settings: Settings) -> Table:
    """The table for the settings' region. Raises PreflightError if the price file is invalid."""
    shipped = tomllib.loads(TYPES.read_text(encoding="utf-8"))
    try:
        return _table(settings.region, shipped, read(settings.prices_file))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as invalid:
        raise PreflightError(f"The price file {settings.prices_file} is invalid: {invalid!r}.") from invalid


def age_warning(as_of: str, today: date, days: int) -> str:
    """That prices of this date are older than so many days, and what makes them new; '' for newer ones."""
    age = (today - date.fromisoformat(as_of)).days if as_of else 0
    if age <= days:
        return ""
    return f"The prices are {age} days old ({as_of}): refresh them with make prices (docs/compute.md)."


def age_warning_of(nights: Iterable[Mapping[str, Any]], today: date, days: int) -> str:
    """Likewise of the prices of the latest night, of summaries (pages/history) in any order; those of before they had
    the date of their prices say nothing."""
    dated = [(str(night["started_at"]), night["prices_as_of"]) for night in nights if night.get("prices_as_of")]
    return age_warning(max(dated)[1], today, days) if dated else ""


def read(file: Path) -> dict[str, Any]:
    """A price file: {"types": {name: {architecture, vcpu, gib}}, "prices": {region: {name: {ec2, emr, as_of}}},
    "rates": {region: {name: {usd, as_of}}}}, all empty if there is no such file. Raises TOMLDecodeError."""
    found = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {"types": {}, "prices": {}, "rates": {}, **found}


def _table(region: str, shipped: Mapping[str, Any], added: Mapping[str, Any]) -> Table:
    types, home = {}, {}
    for kind, price in _families(shipped):
        types[kind.name], home[kind.name] = kind, price
    types |= {name: InstanceType(name, **facts) for name, facts in added["types"].items()}
    own = {name: Price(**facts) for name, facts in added["prices"].get(region, {}).items()}
    yardstick = own.get(YARDSTICK) or _listed(region, shipped, home[YARDSTICK])
    derived = _scaled(home, yardstick) if yardstick else {}
    dearer = yardstick.ec2 / home[YARDSTICK].ec2 if yardstick else 1.0
    listed = shipped["rates"] if yardstick or own else {}
    rates = {name: _rate(region, shipped, facts, dearer) for name, facts in listed.items()}
    rates |= {name: Rate(**facts) for name, facts in added["rates"].get(region, {}).items()}
    return Table(region, types, {**derived, **own}, home[YARDSTICK], _source(region, shipped, own), rates)


def _rate(region: str, shipped: Mapping[str, Any], facts: Mapping[str, Any], dearer: float) -> Rate:
    """A shipped rate, as much dearer as the yardstick is in the region; its source says of which region it is."""
    scaled = "" if dearer == 1 else f", as much dearer as {YARDSTICK} is in {region}"
    return Rate(facts["usd"] * dearer, facts["as_of"], f"prices of {shipped['home']}, {facts['as_of']}{scaled}")


def _families(shipped: Mapping[str, Any]) -> Iterator[tuple[InstanceType, Price]]:
    """Every size of every family, with its price in us-east-1."""
    for family, facts in shipped["families"].items():
        for name, size in zip(sizes(family, facts), facts["sizes"], strict=True):
            price = Price(facts["ec2"] * size, facts["emr"] * size, shipped["as_of"])
            yield InstanceType(name, facts["architecture"], VCPU_OF_XLARGE * size, facts["gib"] * size), price


def sizes(family: str, facts: Mapping[str, Any]) -> list[str]:
    """The names of a family's sizes in the shipped table."""
    return [f"{family}.{size if size > 1 else ''}xlarge" for size in facts["sizes"]]


def _listed(region: str, shipped: Mapping[str, Any], at_home: Price) -> Price | None:
    """The yardstick's price in a region of the shipped table, with EMR's fee of us-east-1."""
    ec2 = shipped["m5_xlarge"].get(region)
    return replace(at_home, ec2=ec2) if ec2 else None


def _scaled(home: Mapping[str, Price], yardstick: Price) -> dict[str, Price]:
    """The prices of us-east-1 times what the yardstick costs in the region relative to there."""
    ec2, emr = yardstick.ec2 / home[YARDSTICK].ec2, yardstick.emr / home[YARDSTICK].emr
    as_of = min(yardstick.as_of, home[YARDSTICK].as_of)
    return {name: Price(price.ec2 * ec2, price.emr * emr, as_of) for name, price in home.items()}


def _source(region: str, shipped: Mapping[str, Any], own: Mapping[str, Price]) -> str:
    """Whose prices the table has, for the reader of an estimate."""
    home, as_of = shipped["home"], shipped["as_of"]
    looked_up = f"{', '.join(own)} of {region}, {min(price.as_of for price in own.values())}" if own else ""
    if region == home:
        listed = f"prices of {home}, {as_of}"
    elif YARDSTICK in own:
        listed = f"others in {region} as its {YARDSTICK} is to that of {home}, {as_of}"
    elif region in shipped["m5_xlarge"]:
        listed = f"EC2 in {region} as its {YARDSTICK} is to that of {home}, EMR's fee of {home}; {as_of}"
    else:
        listed = ""
    return "; ".join(filter(None, (listed, looked_up))) or f"no prices of {region}"


def _can_replace(own: InstanceType, other: InstanceType) -> bool:
    same = other.architecture == own.architecture
    return same and other.vcpu >= own.vcpu and other.gib / other.vcpu >= own.gib / own.vcpu
