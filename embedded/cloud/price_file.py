"""AWS's published price lists, files of one service and region in JSON or CSV, as the source of the price file.

Their forms: AWS Billing guide, "Reading the service price list file for an AWS service". A CSV has five lines about the
file, then a header; JSON has products and terms apart.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from embedded.cloud import price_list
from embedded.cloud.price_list import Priced
from nightshift.compute.instances import Price, Rate
from tools.errors import InputRefused

EC2, FEE, S3, GLUE, VPC = "AmazonEC2", "ElasticMapReduce", "AmazonS3", "AWSGlue", "AmazonVPC"
LINES_BEFORE_HEADER = 5
HOST = "t3.small"  # the ingestion host's type (include/terraform/modules)
LINUX = {**price_list.LINUX, "termType": "OnDemand", "unit": "Hrs"}
FEES = {"softwareType": "EMR", "termType": "OnDemand"}
RATES = {  # the service and the attributes of each rate; of a usage type the end, since a region's word may precede it
    "gp2": (EC2, {"volumeApiName": "gp2", "unit": "GB-Mo"}),
    "gp3": (EC2, {"volumeApiName": "gp3", "unit": "GB-Mo"}),
    "put": (S3, {"group": "S3-API-Tier1", "unit": "Requests"}),
    "get": (S3, {"group": "S3-API-Tier2", "unit": "Requests"}),
    "host": (EC2, {"instanceType": HOST, **LINUX}),
    "ipv4": (VPC, {"usagetype": "PublicIPv4:InUseAddress"}),
    "serverless_vcpu": (FEE, {"usagetype": "EMR-SERVERLESS-vCPUHours"}),
    "serverless_memory": (FEE, {"usagetype": "EMR-SERVERLESS-MemoryGBHours"}),
    "serverless_storage": (FEE, {"usagetype": "EMR-SERVERLESS-StorageGBHours"}),
    "glue_dpu": (GLUE, {"usagetype": "ETL-DPU-Hour"}),
    "glue_flex": (GLUE, {"usagetype": "ETL-Flex-DPU-Hour"}),
    "eks_vcpu": (FEE, {"usagetype": "EMR-EKS-EC2-vCPUHours"}),
    "eks_memory": (FEE, {"usagetype": "EMR-EKS-EC2-GBHours"}),
}
KINDS = ("instanceType", "volumeApiName", "group")  # a row without any, and of no usage type above, is not read
USAGES = tuple(wanted["usagetype"] for _, wanted in RATES.values() if "usagetype" in wanted)
COLUMNS = {  # of a CSV, by the names that a JSON has
    "instanceType": "Instance Type",
    "regionCode": "Region Code",
    "operatingSystem": "Operating System",
    "tenancy": "Tenancy",
    "preInstalledSw": "Pre Installed S/W",
    "capacitystatus": "CapacityStatus",
    "marketoption": "MarketOption",
    "softwareType": "Software Type",
    "physicalProcessor": "Physical Processor",
    "vcpu": "vCPU",
    "memory": "Memory",
    "volumeApiName": "Volume API Name",
    "group": "Group",
    "usagetype": "usageType",
    "termType": "TermType",
    "unit": "Unit",
    "usd": "PricePerUnit",
    "currency": "Currency",
}
Rows = list[Mapping[str, str]]


@dataclass(frozen=True)
class PriceList:
    """One file: its service, the day and version of its publication, and a row for each price."""

    service: str
    published: str
    version: str
    rows: Rows

    @property
    def source(self) -> str:
        return f"{self.service} {self.version}"


def read(files: Sequence[Path], names: Collection[str], region: str) -> tuple[dict[str, Priced], dict[str, Rate]]:
    """The named types as far as the lists of EC2 and EMR have them in the region, and each other rate that a list has.
    Raises InputRefused for a file that is no price list, one of other regions or another currency, or if one of these
    two services is missing."""
    lists = {one.service: one for one in map(_list, files)}
    if missing := [service for service in (EC2, FEE) if service not in lists]:
        raise InputRefused(
            f"None of the files is the price list of {' and '.join(missing)}: name both services' with --file."
        )
    for one in lists.values():
        _refuse_others(one, region)
    machines, fees = _of_types(lists[EC2], LINUX, region), _of_types(lists[FEE], FEES, region)
    as_of = min(lists[EC2].published, lists[FEE].published)
    source = f"{lists[EC2].source}, {lists[FEE].source}"
    priced = {
        name: _priced(name, machines[name], fees[name], as_of, source)
        for name in names
        if name in machines and name in fees
    }
    return priced, dict(_rates(lists, region))


def _refuse_others(prices: PriceList, region: str) -> None:
    """Raises InputRefused for a list that is of other regions only, or in another currency than dollars."""
    regions = sorted({row.get("regionCode") or region for row in prices.rows})
    if regions and region not in regions:
        raise InputRefused(
            f"The price list of {prices.service} is of {', '.join(regions)}, not of {region}: name its region with"
            f" --region, or bring the list of {region}."
        )
    if others := {row.get("currency") or "USD" for row in prices.rows} - {"USD"}:
        raise InputRefused(f"The price list of {prices.service} is in {', '.join(sorted(others))}: only USD is read.")


def _rates(lists: Mapping[str, PriceList], region: str) -> Iterator[tuple[str, Rate]]:
    """The rates that the lists have; the dearest of several rows, such as of tiers."""
    for name, (service, wanted) in RATES.items():
        if service not in lists:
            continue
        usd = max((float(row["usd"] or 0) for row in lists[service].rows if _fits(row, wanted, region)), default=0)
        if usd:
            yield name, Rate(usd, lists[service].published, lists[service].source)


def _fits(row: Mapping[str, str], wanted: Mapping[str, str], region: str) -> bool:
    """Whether a row is of the region and has the wanted attributes. One that a list does not have does not count: older
    ones lack some."""
    usage, own = wanted.get("usagetype", ""), f"-{row.get('usagetype', '')}"
    plain = {name: value for name, value in wanted.items() if name != "usagetype"} | {"regionCode": region}
    return (not usage or own.endswith(f"-{usage}")) and all(
        row.get(name) in (None, "", value) for name, value in plain.items()
    )


def _priced(name: str, machine: Rows, fee: Rows, as_of: str, source: str) -> Priced:
    facts = machine[0]
    ec2, emr = (max(float(row["usd"]) for row in rows) for rows in (machine, fee))
    kind = price_list.described(name, facts["physicalProcessor"], facts["vcpu"], facts["memory"])
    return kind, Price(ec2, emr, as_of, source)


def _of_types(prices: PriceList, wanted: Mapping[str, str], region: str) -> dict[str, Rows]:
    """The rows of each instance type that have the wanted attributes and a price."""
    by_type: dict[str, Rows] = {}
    for row in prices.rows:
        if row.get("instanceType") and _fits(row, wanted, region) and float(row["usd"] or 0):
            by_type.setdefault(row["instanceType"], []).append(row)
    return by_type


def _list(file: Path) -> PriceList:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return _of_json(json.load(stream)) if file.suffix == ".json" else _of_csv(csv.reader(stream))
    except OSError as refused:
        raise InputRefused(f"{file} cannot be read ({refused.strerror}).") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as wrong:
        raise InputRefused(f"{file} is no price list of an AWS service in JSON or CSV: {wrong!r}.") from None


def _of_json(body: Any) -> PriceList:
    rows = list(_json_rows(body["products"], body["terms"]["OnDemand"]))
    return PriceList(body["offerCode"], _day(body["publicationDate"]), body["version"], rows)


def _json_rows(products: Any, on_demand: Any) -> Iterator[Mapping[str, str]]:
    for sku, terms in on_demand.items():
        attributes = products.get(sku, {}).get("attributes", {})
        for term in terms.values():
            for rate in term["priceDimensions"].values():
                currency, price = next(iter(rate["pricePerUnit"].items()), ("USD", "0"))
                yield {**attributes, "termType": "OnDemand", "unit": rate["unit"], "usd": price, "currency": currency}


def _of_csv(lines: Iterator[list[str]]) -> PriceList:
    """Line by line: a region's list of EC2 has hundreds of megabytes, most of them of reserved instances."""
    about = {name: value for name, value, *_ in islice(lines, LINES_BEFORE_HEADER)}
    header = next(lines)
    places = {name: header.index(column) for name, column in COLUMNS.items() if column in header}
    kinds = [places[name] for name in KINDS if name in places]
    usage = places.get("usagetype")
    read = (line for line in lines if any(line[n] for n in kinds) or (usage and line[usage].endswith(USAGES)))
    on_demand = (line for line in read if line[places["termType"]] == "OnDemand")
    rows: Rows = [{name: line[at] for name, at in places.items()} for line in on_demand]
    return PriceList(about["OfferCode"], _day(about["Publication Date"]), about["Version"], rows)


def _day(moment: str) -> str:
    """The date of 2026-11-01T00:00:00Z. Raises ValueError."""
    return str(date.fromisoformat(moment[:10]))
