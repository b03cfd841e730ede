"""AWS's Price List API as the source of the price file, whose other reader is nightshift.compute.instances."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import settings as own
from embedded.errors import CloudError
from nightshift.compute import instances
from nightshift.compute.instances import ARM64, InstanceType, Price, Rate
from tools.errors import InputRefused

API_REGION = "us-east-1"  # the API is served in a few regions only, each with the prices of all
ENDPOINT = f"https://api.pricing.{API_REGION}.amazonaws.com"  # given, since AWS_ENDPOINT_URL may name localcloud
LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
HEAD = "# Written by ./nightshift prices: $ per hour or a rate's unit. It takes precedence over instance_types.toml.\n"
Priced = tuple[InstanceType, Price]


def target(region: str | None) -> tuple[Path, str]:
    """The price file, and the region: the one given, else that of the settings. Raises InputRefused, and PreflightError
    for an invalid price file, before AWS is called."""
    settings = own.load()
    instances.of(settings)
    return settings.prices_file, region or settings.region


def known(file: Path) -> list[str]:
    """The types that the tables have: the shipped one and the price file."""
    shipped = tomllib.loads(instances.TYPES.read_text(encoding="utf-8"))
    families = (instances.sizes(family, facts) for family, facts in shipped["families"].items())
    return [*dict.fromkeys([*(name for names in families for name in names), *instances.read(file)["types"]])]


def old(region: str) -> str:
    """The warning of prices of a region that are old all the same, with what has them; '' if there are none."""
    settings = replace(own.load(), region=region)
    table, today = instances.of(settings), datetime.now(UTC).date()
    dates = {name: price.as_of for name, price in table.prices.items()}
    dates |= {name: rate.as_of for name, rate in table.rates.items()}
    aged = [name for name, as_of in dates.items() if instances.age_warning(as_of, today, settings.prices_max_age_days)]
    if not aged:
        return ""
    warning = instances.age_warning(min(map(dates.__getitem__, aged)), today, settings.prices_max_age_days)
    return f"{warning} Old are {', '.join(aged)}."


def look_up(names: Iterable[str], region: str) -> dict[str, Priced]:
    """The types that EC2 and EMR list in a region, with their prices there. Raises CloudError."""
    client = boto3.client("pricing", region_name=API_REGION, endpoint_url=ENDPOINT)
    try:
        answers = {name: of(client, name, region) for name in names}
    except (BotoCoreError, ClientError) as refused:
        raise CloudError(f"AWS's price list did not answer: {refused}") from None
    return {name: answer for name, answer in answers.items() if answer}


def of(client: Any, name: str, region: str) -> Priced | None:
    """A type and its price in a region; None if EC2 or EMR does not list it there. `client` is boto3's for pricing,
    whose GetProducts gives each product as JSON text. Raises ClientError and BotoCoreError."""
    which = {"instanceType": name, "regionCode": region}
    machines = [*_products(client, "AmazonEC2", {**LINUX, **which})]
    fees = [*_products(client, "ElasticMapReduce", {"softwareType": "EMR", **which})]
    if not machines or not fees:
        return None
    facts = machines[0]["product"]["attributes"]
    price = Price(max(map(_rate, machines)), max(map(_rate, fees)), str(datetime.now(UTC).date()))
    return described(name, facts["physicalProcessor"], facts["vcpu"], facts["memory"]), price


def described(name: str, processor: str, vcpu: str, memory: str) -> InstanceType:
    """A type from the words of a price list, such as "AWS Graviton3 Processor", "8" and "1,024 GiB"."""
    architecture = ARM64 if "Graviton" in processor else "x86_64"
    return InstanceType(name, architecture, int(vcpu), float(memory.removesuffix(" GiB").replace(",", "")))


def write(file: Path, region: str, priced: Mapping[str, Priced], rates: Mapping[str, Rate]) -> None:
    """Add types, prices and rates to the price file; what it has of others stays. Raises InputRefused."""
    kept = instances.read(file)
    types, prices = kept["types"], kept["prices"]
    for name, (kind, price) in priced.items():
        types[name] = {"architecture": kind.architecture, "vcpu": kind.vcpu, "gib": kind.gib}
        prices.setdefault(region, {})[name] = {key: value for key, value in vars(price).items() if value != ""}
    kept["rates"].setdefault(region, {}).update({name: vars(rate) for name, rate in rates.items()})
    sections = {"types": types, **{f"prices.{place}": rows for place, rows in prices.items()}}
    sections |= {f"rates.{place}": rows for place, rows in kept["rates"].items() if rows}
    text = HEAD + "".join(f"\n[{title}]\n{_rows(rows)}" for title, rows in sections.items())
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as refused:
        raise InputRefused(f"The price file {file} cannot be written ({refused.strerror}).") from None


def _products(client: Any, service: str, wanted: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    for page in client.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters):
        yield from map(json.loads, page["PriceList"])


def _rate(product: Mapping[str, Any]) -> float:
    """Its On-Demand price, $ per hour."""
    terms = product["terms"]["OnDemand"].values()
    return max(float(rate["pricePerUnit"]["USD"]) for term in terms for rate in term["priceDimensions"].values())


def _rows(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Lines of TOML, whose strings and numbers are written as JSON's are."""
    cells = {
        name: ", ".join(f"{key} = {json.dumps(value)}" for key, value in row.items()) for name, row in rows.items()
    }
    return "".join(f'"{name}" = {{ {row} }}\n' for name, row in sorted(cells.items()))
