"""AWS's published price lists, files of one service and region in JSON or CSV, as the source of the price file.

Their forms: AWS Billing guide, "Reading the service price list file for an AWS service". A CSV has five lines about the
file, then a header; JSON has products and terms apart. A row is kept only if a price of ours may be in it: EC2's list
of all regions has gigabytes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
MOST_JSON = 256 * 2**20  # bytes; they take about five times as much memory
HOST = "t3.small"  # the ingestion host's type (include/terraform/modules)
LINUX = {**price_list.LINUX, "termType": "OnDemand", "unit": "Hrs"}
FEES = {"softwareType": "EMR", "termType": "OnDemand"}
AT_HOME = {"locationType": "AWS Region"}  # Outposts and Local Zones have other prices under the same names
RATES = {  # the service and the attributes of each rate; of a usage type the end, since a region's word may precede it
    "gp2": (EC2, {"volumeApiName": "gp2", "unit": "GB-Mo", "productFamily": "Storage"}),
    "gp3": (EC2, {"volumeApiName": "gp3", "unit": "GB-Mo", "productFamily": "Storage"}),
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
COLUMNS = {  # of a CSV, by the names that a JSON has
    "instanceType": "Instance Type",
    "regionCode": "Region Code",
    "locationType": "Location Type",
    "productFamily": "Product Family",
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
    """One file: its service, the day and version of its publication, its rows with prices that may be ours, and of
    which regions and currencies all its rows are."""

    service: str
    published: str
    version: str
    rows: Rows = field(default_factory=list)
    regions: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)

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
    if prices.regions and region not in prices.regions:
        raise InputRefused(
            f"The price list of {prices.service} is of {', '.join(sorted(prices.regions))}, not of {region}: name its"
            f" region with --region, or bring the list of {region}."
        )
    if others := prices.currencies - {"USD"}:
        raise InputRefused(f"The price list of {prices.service} is in {', '.join(sorted(others))}: only USD is read.")


def _rates(lists: Mapping[str, PriceList], region: str) -> Iterator[tuple[str, Rate]]:
    """The rates that the lists have; the dearest of several rows, such as of tiers."""
    for name, (service, wanted) in RATES.items():
        if service not in lists:
            continue
        usd = max((float(row["usd"] or 0) for row in lists[service].rows if _fits(row, wanted, region)), default=0)
        if usd:
            yield name, Rate(usd, lists[service].published, lists[service].source)


def _fits(row: Mapping[str, str], wanted: Mapping[str, str], region: str = "") -> bool:
    """Whether a row has the wanted attributes and is of the region, '' for any. One that a list does not have does not
    count: older ones lack some."""
    usage, own = wanted.get("usagetype", ""), f"-{row.get('usagetype', '')}"
    plain = {**AT_HOME, **wanted, "usagetype": "", "regionCode": region}
    return (not usage or own.endswith(f"-{usage}")) and all(
        row.get(name) in (None, "", value) for name, value in plain.items() if value
    )


def _is_ours(service: str, row: Mapping[str, str]) -> bool:
    """Whether a row may have the price of a type or a rate, by what names it."""
    named = any(row.get(name) for name in ("instanceType", "volumeApiName", "group"))
    of_service = [wanted for code, wanted in RATES.values() if code == service and (named or "usagetype" in wanted)]
    if named:
        of_service += [LINUX] if service == EC2 else [FEES] if service == FEE else []
    return any(_fits(row, wanted) for wanted in of_service)


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
            if file.suffix != ".json":
                return _of_csv(csv.reader(stream))
            if (size := file.stat().st_size) > MOST_JSON:
                raise InputRefused(
                    f"{file} has {size // 2**20:,} MiB of JSON, which would take about five times as much memory:"
                    " bring the same list as CSV (index.csv beside index.json), which is read line by line."
                )
            return _of_json(json.load(stream))
    except OSError as refused:
        raise InputRefused(f"{file} cannot be read ({refused.strerror}).") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration):
        raise InputRefused(
            f"{file} is no price list of an AWS service in JSON or CSV, such as index.csv of AmazonEC2 in one region:"
            " ./nightshift prices --help says where AWS publishes them."
        ) from None


def _of_json(body: Any) -> PriceList:
    made = PriceList(body["offerCode"], _day(body["publicationDate"]), body["version"])
    return _filled(made, _json_rows(body["products"], body["terms"]["OnDemand"]))


def _filled(prices: PriceList, rows: Iterable[Mapping[str, str]]) -> PriceList:
    """The list with what it needs of its On-Demand rows."""
    for row in rows:
        prices.regions.update(filter(None, [row.get("regionCode")]))
        prices.currencies.add(row.get("currency") or "USD")
        if _is_ours(prices.service, row):
            prices.rows.append(row)
    return prices


def _json_rows(products: Any, on_demand: Any) -> Iterator[Mapping[str, str]]:
    for sku, terms in on_demand.items():
        product = products.get(sku, {})
        attributes = {"productFamily": product.get("productFamily", ""), **product.get("attributes", {})}
        for term in terms.values():
            for rate in term["priceDimensions"].values():
                currency, price = next(iter(rate["pricePerUnit"].items()), ("USD", "0"))
                yield {**attributes, "termType": "OnDemand", "unit": rate["unit"], "usd": price, "currency": currency}


def _of_csv(lines: Iterator[list[str]]) -> PriceList:
    """Line by line: a region's list of EC2 has hundreds of megabytes, most of them of reserved instances."""
    about = {name: value for name, value, *_ in islice(lines, LINES_BEFORE_HEADER)}
    header = next(lines)
    places = {name: header.index(column) for name, column in COLUMNS.items() if column in header}
    term = places["termType"]
    rows = ({name: line[at] for name, at in places.items()} for line in lines if line[term] == "OnDemand")
    return _filled(PriceList(about["OfferCode"], _day(about["Publication Date"]), about["Version"]), rows)


def _day(moment: str) -> str:
    """The date of 2026-11-01T00:00:00Z. Raises ValueError."""
    return str(date.fromisoformat(moment[:10]))
