"""./nightshift costs and advise, and prices from AWS's published lists, on files of the same forms."""

import csv
import json
import shutil
import tomllib
import tracemalloc
from pathlib import Path

import pytest

from embedded import cli
from embedded.cloud import price_file
from nightshift.compute import cost, instances, workers
from nightshift.compute.targets import TARGETS
from nightshift.config import Settings
from nightshift.report import night_index
from tests.embedded.test_price_list import GRAVITON
from tests.nightshift.records import record
from tools import paths

EVENTS = [
    {"Event": "SparkListenerApplicationStart", "App Name": "silver", "Timestamp": 1_700_000_000_000},
    {"Event": "SparkListenerExecutorAdded", "Timestamp": 0, "Executor ID": "1", "Executor Info": {"Total Cores": 8}},
    *(
        {
            "Event": "SparkListenerTaskEnd",
            "Task Info": {"Launch Time": 1_700_000_000_000, "Finish Time": 1_700_000_050_000},
            "Task Executor Metrics": {"JVMHeapMemory": 2**30},
            "Task Metrics": {
                "Executor Run Time": 50_000,
                "Executor CPU Time": 40_000_000_000,
                "Disk Bytes Spilled": 0,
                "Shuffle Write Metrics": {"Shuffle Bytes Written": 2**20},
            },
        }
        for _ in range(2)
    ),
    {"Event": "SparkListenerApplicationEnd", "Timestamp": 1_700_000_100_000},
]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Two nights on disk, of January and February."""
    seconds = {"billed": 1680, "start_up": 420, "working": 1200, "idle": 60}
    for number in (0, 200):
        dollars = {"measured": 0.5, "parts": {"EC2": 0.4, "EMR": 0.1}, "seconds": seconds, "elsewhere": {"glue": 0.2}}
        folder = tmp_path / "wordcount" / str(number)
        folder.mkdir(parents=True)
        spark = {"wall": 50, "tasks": 48, "cpu": 38, "cores": 8, "shuffled": 2**20, "spilled": 0, "heap": 2**30}
        said = {"spark": spark if number else {**spark, "tasks": 0.0, "cpu": 0.0}}  # the older night was too short
        layers = [{"layer": layer, **said} for layer in ("bronze", "silver")]
        made = record(number, cost=dollars, compute={"target": "emr"}, layers=layers)
        (folder / "record.json").write_text(json.dumps(made))
    monkeypatch.setattr(paths, "RUNS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("content", ["", '{"dag_id": "wordcount", "run_i', "[]", "{}", "\udcff"])
def test_a_damaged_record_is_named_and_left_out(content, kept, capsys):
    folder = kept / "wordcount" / "cut"
    folder.mkdir()
    (folder / "record.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    for words in (["costs"], ["advise", "wordcount"]):
        assert cli.main(words) == 0
        said = capsys.readouterr()
        assert "$0.50" in said.out
        assert "wordcount/cut/record.json is not the record of a run, or is damaged. It is left out." in said.err


def test_advice_by_a_price_file_that_is_none_is_refused(kept, monkeypatch, capsys):
    (kept / "prices.toml").write_text("x = [")
    monkeypatch.setenv("NIGHTSHIFT_PRICES_FILE", str(kept / "prices.toml"))
    assert cli.main(["advise", "wordcount"]) == 2
    assert capsys.readouterr().err.startswith(f"nightshift: The price file {kept / 'prices.toml'} is invalid: ")


def test_costs_are_by_month_pipeline_and_part(kept, capsys):
    assert cli.main(["costs"]) == 0
    header, january, february = (line.split() for line in capsys.readouterr().out.splitlines())
    assert header == ["month", "pipeline", "runs", "total", "EC2", "EMR", "start-up", "idle"]
    assert january == ["2026-01", "wordcount", "1", "$0.50", "$0.4000", "$0.1000", "25.0%", "3.6%"]
    assert february[0] == "2026-02"
    assert cli.main(["costs", "--month", "2026-03"]) == 0
    assert capsys.readouterr().out == "No run of 2026-03 is known.\n"
    assert cli.main(["costs", "--month", "March"]) == 2


def test_advice_reads_nights_and_event_logs_and_changes_nothing(kept, capsys):
    log = kept / "application_1"
    log.write_text("".join(json.dumps(event) + "\n" for event in EVENTS) + '{"Event": "cut o')
    assert cli.main(["advise", "wordcount", "--events", str(log)]) == 0
    said = capsys.readouterr().out
    assert "2 nights on emr, $0.5000 in the median" in said and "25% start-up, 71% working, 4% idle" in said
    assert (
        "Spark: 12% of 8 cores busy, 80% of that on the CPU; shuffled 2 MiB, spilled 0 MiB, heap up to 1,024 MiB"
        in said
    )
    assert "instead of 1 + 4 m5.xlarge: " in said and "% less" in said and " a night instead of $0." in said
    assert "simulated AWS" not in said
    assert "On glue the same work would have cost $0.2000: 60% less" in said
    assert cli.main(["advise", "wordcount"]) == 0
    said = capsys.readouterr().out
    assert (
        "Spark: 12% of 8 cores busy, 79% of that on the CPU; shuffled 2 MiB, spilled 0 MiB, heap up to 1,024 MiB"
        in said
    )
    shutil.rmtree(kept / "wordcount" / "200")
    assert cli.main(["advise", "wordcount"]) == 0
    said = capsys.readouterr().out
    assert "No night says what Spark used" in said and said.startswith("1 night on emr")
    assert cli.main(["advise", "wordcount", "--events", str(kept / "none")]) == 2
    assert cli.main(["advise", "card_movements"]) == 2


M5 = {"vcpu": "4", "memory": "16 GiB", "physicalProcessor": "Intel Xeon Platinum 8175"}
LINUX = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
LINUX |= {"marketoption": "OnDemand"}


S3 = (("Tier1", "0.000007"), ("Tier2", "0.00000056"), ("SIA-Tier1", "9"))
GLUE = {"ETL-DPU-Hour": "0.69", "ETL-Flex-DPU-Hour": "0.45", "ETL-MemOptimized-DPU-Hour": "9", "Crawler-DPU-Hour": "9"}
VPC = {"PublicIPv4:InUseAddress": "0.005", "PublicIPv4:IdleAddress": "9"}
SERVERLESS = {
    "EMR-SERVERLESS-vCPUHours": "0.09048",
    "EMR-SERVERLESS-MemoryGBHours": "0.00988",
    "EMR-SERVERLESS-StorageGBHours": "0.000211",
    "EMR-SERVERLESS-ARM-vCPUHours": "9",
}


def used(by_usage):
    """Products by the end of their usage type, whose beginning is the region's."""
    return [({"usagetype": f"SAE1-{name}"}, "Hours", usd) for name, usd in by_usage.items()]


def offer(code, products):
    """A price list in JSON: products (attributes, unit, dollars) under made-up SKUs."""
    body = {
        "formatVersion": "v1.0",
        "offerCode": code,
        "version": "20260901000000",
        "publicationDate": "2026-09-01T00:00:00Z",
        "products": {},
        "terms": {"OnDemand": {}, "Reserved": {}},
    }
    for number, (attributes, unit, dollars) in enumerate(products):
        sku = f"{code}{number}"
        rate = {"unit": unit, "pricePerUnit": {"USD": dollars}}
        family = "Storage" if "volumeApiName" in attributes else "Compute Instance"
        told = {"locationType": "AWS Region", "regionCode": "sa-east-1", "operation": "", **attributes}
        body["products"][sku] = {"sku": sku, "productFamily": told.pop("productFamily", family), "attributes": told}
        free = {"unit": unit, "pricePerUnit": {"USD": "0.0000000000"}, "beginRange": "0", "endRange": "1"}
        # A first tier without a price, and a term of before: each has its own rate code.
        terms = {f"{sku}.T": {f"{sku}.T.R": rate, f"{sku}.T.F": free}, f"{sku}.U": {f"{sku}.U.R": rate}}
        body["terms"]["OnDemand"][sku] = {term: {"priceDimensions": rates} for term, rates in terms.items()}
    return json.dumps(body)


def ec2(name, facts, **other):
    return {"instanceType": name, **LINUX, **facts, **other}


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """The two price lists as files, and where the price file is written."""
    monkeypatch.setenv("NIGHTSHIFT_PRICES_FILE", str(tmp_path / "prices.toml"))
    machines = [
        (ec2("m5.xlarge", M5), "Hrs", "0.3060000000"),
        (ec2("m5.xlarge", M5, operatingSystem="Windows"), "Hrs", "9.0"),
        (ec2("m5.xlarge", M5, capacitystatus="UnusedCapacityReservation"), "Hrs", "8.0"),
        (ec2("m5.xlarge", M5, regionCode="us-east-1"), "Hrs", "7.0"),
        (ec2("r8g.2xlarge", GRAVITON), "Hrs", "0.6"),
        ({"volumeApiName": "gp2"}, "GB-Mo", "0.19"),
        ({"volumeApiName": "gp2", "regionCode": "us-east-1"}, "GB-Mo", "9"),
        ({"volumeApiName": "gp3"}, "GB-Mo", "0.152"),
        ({"volumeApiName": "gp3"}, "IOPS-Mo", "8"),
        # What AWS's own file of a region has beside them, under the same names.
        (ec2("m5.xlarge", M5, capacitystatus="AllocatedCapacityReservation"), "Hrs", "0.0000000000"),
        (ec2("m5.xlarge", M5, marketoption="CapacityBlock"), "Hrs", "6.0"),
        (ec2("m5.xlarge", M5, preInstalledSw="SQL Std"), "Hrs", "5.0"),
        (ec2("m5.xlarge", M5, tenancy="Dedicated"), "Hrs", "4.0"),
        (ec2("m5.xlarge", M5, locationType="AWS Outposts"), "Hrs", "3.0"),
        ({"volumeApiName": "gp3", "locationType": "AWS Outposts"}, "GB-Mo", "2"),
        ({"volumeApiName": "gp3", "productFamily": "Provisioned Throughput"}, "GB-Mo", "1"),
    ]
    machines.append((ec2("t3.small", {**M5, "vcpu": "2", "memory": "2 GiB"}), "Hrs", "0.0336"))
    requests = [({"group": f"S3-API-{tier}"}, "Requests", usd) for tier, usd in S3]
    (tmp_path / "s3.json").write_text(offer("AmazonS3", requests))
    (tmp_path / "glue.json").write_text(offer("AWSGlue", used(GLUE)))
    (tmp_path / "vpc.json").write_text(offer("AmazonVPC", used(VPC)))
    fees = [({"instanceType": name, "softwareType": "EMR"}, "Hrs", "0.07") for name in ("m5.xlarge", "r8g.2xlarge")]
    fees += used(SERVERLESS)
    (tmp_path / "ec2.json").write_text(offer("AmazonEC2", machines))
    (tmp_path / "emr.json").write_text(offer("ElasticMapReduce", fees))
    return tmp_path


def test_a_price_list_refreshes_the_known_types_and_adds_named_ones_with_date_and_source(lists, capsys):
    files = [str(lists / "ec2.json"), str(lists / "emr.json")]
    assert cli.main(["prices", "r8g.2xlarge", "--region", "sa-east-1", "--file", *files]) == 0
    written = tomllib.loads((lists / "prices.toml").read_text())["prices"]["sa-east-1"]
    source = "AmazonEC2 20260901000000, ElasticMapReduce 20260901000000"
    assert written["m5.xlarge"] == {"ec2": 0.306, "emr": 0.07, "as_of": "2026-09-01", "source": source}
    assert set(written) == {"m5.xlarge", "r8g.2xlarge"}
    assert "EC2 $0.306 and EMR $0.07 an hour in sa-east-1" in capsys.readouterr().out


def test_a_list_of_another_region_or_currency_is_refused_by_name(lists, capsys):
    files = [str(lists / "ec2.json"), str(lists / "emr.json")]
    assert cli.main(["prices", "--region", "eu-west-1", "--file", *files]) == 2
    said = capsys.readouterr().err
    assert "The price list of AmazonEC2 is of sa-east-1, us-east-1, not of eu-west-1: name its region" in said
    for name in files:
        file = Path(name)
        file.write_text(file.read_text().replace('"USD"', '"CNY"'))
    assert cli.main(["prices", "--region", "sa-east-1", "--file", *files]) == 2
    assert "The price list of AmazonEC2 is in CNY: only USD is read." in capsys.readouterr().err
    assert not (lists / "prices.toml").exists()


OF_EC2 = {"gp2": 0.19, "gp3": 0.152, "host": 0.0336}
OF_FEE = {"serverless_vcpu": 0.09048, "serverless_memory": 0.00988, "serverless_storage": 0.000211}
OF_OTHERS = {
    "s3": {"put": 7e-06, "get": 5.6e-07},
    "glue": {"glue_dpu": 0.69, "glue_flex": 0.45},
    "vpc": {"ipv4": 0.005},
}


def test_other_rates_are_read_with_date_and_source_and_price_a_bill(lists, capsys):
    common = ["prices", "--region", "sa-east-1", "--file", str(lists / "ec2.json"), str(lists / "emr.json")]
    assert cli.main(common) == 0
    written = tomllib.loads((lists / "prices.toml").read_text())["rates"]["sa-east-1"]
    assert {name: rate["usd"] for name, rate in written.items()} == {**OF_EC2, **OF_FEE}
    assert written["host"] == {"usd": 0.0336, "as_of": "2026-09-01", "source": "AmazonEC2 20260901000000"}
    assert cli.main([*common, *(str(lists / f"{name}.json") for name in OF_OTHERS)]) == 0
    assert "gp2                $0.19 in sa-east-1, AmazonEC2 20260901000000" in capsys.readouterr().out
    settings = Settings(region="sa-east-1", prices_file=lists / "prices.toml")
    table = instances.of(settings)
    listed = {**OF_EC2, **OF_FEE, **{name: usd for rates in OF_OTHERS.values() for name, usd in rates.items()}}
    assert {name: table.rate(name) for name in listed} == listed
    assert cost.disks("m5.xlarge", table) == pytest.approx((64 * 0.19 + 15 * 0.152) / 730)
    assert cost.requests(0, 1000, table) == pytest.approx(40_000 * 7e-06 + 200_000 * 5.6e-07)
    assert cost.host(60, table) == pytest.approx(0.0386)
    assert (workers.glue(10, table), workers.glue(10, table, flex=True)) == (6.9, 4.5)
    assert workers.serverless({"vCPUHour": 100, "memoryGBHour": 100, "storageGBHour": 1000}, table) == 10.247
    told = {name: TARGETS[name](settings).prices() for name in ("glue", "serverless")}
    assert told["glue"] == {"prices_as_of": "2026-09-01", "prices": "AWSGlue 20260901000000"}
    assert told["serverless"] == {"prices_as_of": "2026-09-01", "prices": "ElasticMapReduce 20260901000000"}


def test_the_csv_form_gives_the_same(lists):
    header = ["SKU", "TermType", "Unit", "PricePerUnit", "Instance Type", "Operating System", "Tenancy"]
    header += ["Pre Installed S/W", "CapacityStatus", "Region Code", "Physical Processor", "vCPU", "Memory"]
    facts = ["Linux", "Shared", "NA", "Used", "sa-east-1", M5["physicalProcessor"], "4", "16 GiB"]
    rows = [
        [n, term, "Hrs", usd, "m5.xlarge", *facts]
        for n, term, usd in (("1", "OnDemand", "0.3"), ("2", "Reserved", "9"))
    ]
    about = [["FormatVersion", "v1.0"], ["Disclaimer", "none"], ["Publication Date", "2026-08-01T00:00:00Z"]]
    usages = [
        ["1", "OnDemand", "0.69", "ETL-DPU-Hour", "sa-east-1"],
        ["2", "OnDemand", "9", "Catalog-Request", "sa-east-1"],
    ]
    columns = ["SKU", "TermType", "PricePerUnit", "usageType", "Region Code"]
    for code, lines in (("AmazonEC2", [header, *rows]), ("AWSGlue", [columns, *usages])):
        with (lists / f"{code}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([*about, ["Version", "1"], ["OfferCode", code], *lines])
    files = [str(lists / name) for name in ("AmazonEC2.csv", "emr.json", "AWSGlue.csv")]
    assert cli.main(["prices", "--region", "sa-east-1", "--file", *files]) == 0
    written = tomllib.loads((lists / "prices.toml").read_text())
    prices, rates = written["prices"]["sa-east-1"], written["rates"]["sa-east-1"]
    assert (prices["m5.xlarge"]["ec2"], prices["m5.xlarge"]["as_of"]) == (0.3, "2026-08-01")
    assert rates["glue_dpu"] == {"usd": 0.69, "as_of": "2026-08-01", "source": "AWSGlue 1"}


def test_a_list_of_gigabytes_is_read_line_by_line_and_as_json_it_is_refused(lists, monkeypatch, capsys):
    """Memory must not follow the rows that are none of ours: reserved ones, Windows, other tenancies."""
    header = ["SKU", "TermType", "PriceDescription", "Unit", "PricePerUnit", "Currency", "Instance Type", "Region Code"]
    header += ["Operating System", "Tenancy", "Location Type", "Product Family", "Physical Processor", "vCPU", "Memory"]
    about = [["FormatVersion", "v1.0"], ["Disclaimer", "none"], ["Publication Date", "2026-08-01T00:00:00Z"]]
    ends = "AWS Region", "Compute Instance", M5["physicalProcessor"], "4", "16 GiB"
    big = lists / "AmazonEC2.csv"
    with big.open("w", newline="") as file:
        csv.writer(file).writerows([*about, ["Version", "1"], ["OfferCode", "AmazonEC2"], header])
        for n in range(8_000):
            term, system, tenancy = ("Reserved", "OnDemand")[n % 2], ("Linux", "RHEL")[n % 4 // 2], "Dedicated"
            what = (f"{n}", term, "x" * 200, "Hrs", "9.0", "USD", f"x{n}.xlarge", "sa-east-1", system, tenancy)
            csv.writer(file).writerow([*what, *ends])
        ours = ("1", "OnDemand", "x", "Hrs", "0.3", "USD", "m5.xlarge", "sa-east-1", "Linux", "Shared")
        csv.writer(file).writerow([*ours, *ends])
    files = [big, lists / "emr.json"]
    price_file.read(files, ["m5.xlarge"], "sa-east-1")
    tracemalloc.start()
    priced, _ = price_file.read(files, ["m5.xlarge"], "sa-east-1")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert priced["m5.xlarge"][1].ec2 == 0.3
    assert peak < big.stat().st_size / 10
    monkeypatch.setattr(price_file, "MOST_JSON", 100)
    assert cli.main(["prices", "--region", "sa-east-1", "--file", str(lists / "ec2.json")]) == 2
    assert "bring the same list as CSV (index.csv beside index.json)" in capsys.readouterr().err


def test_prices_and_costs_say_that_prices_are_old_and_which(lists, kept, capsys, monkeypatch):
    monkeypatch.setenv("NIGHTSHIFT_PRICES_MAX_AGE_DAYS", "0")
    files = [str(lists / "ec2.json"), str(lists / "emr.json")]
    assert cli.main(["prices", "--region", "sa-east-1", "--file", *files]) == 0
    said = capsys.readouterr().out
    assert "days old (2026-" in said and "refresh them with make prices (docs/compute.md). Old are " in said
    assert ", put, get, " in said.rpartition("Old are")[2]
    monkeypatch.setenv("NIGHTSHIFT_PRICES_MAX_AGE_DAYS", "36500")
    assert cli.main(["prices", "--region", "sa-east-1", "--file", *files]) == 0
    assert "days old" not in capsys.readouterr().out
    monkeypatch.delenv("NIGHTSHIFT_PRICES_MAX_AGE_DAYS")
    file = kept / "wordcount" / "200" / "record.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "cost": {**told["cost"], "prices_as_of": "2025-01-01"}}))
    assert cli.main(["costs"]) == 0
    assert "days old (2025-01-01): refresh them with make prices" in capsys.readouterr().out.splitlines()[-1]
    nights = {"wordcount": [{"started_at": "2026-01-02", "prices_as_of": "2025-01-02"}, {"started_at": "2026-01-03"}]}
    paid = {"2026-01": {"wordcount": {"nights": 3, "usd": 1.5}}}
    monkeypatch.setattr(night_index, "read", lambda _settings: {"money": paid, "nights": nights})
    assert cli.main(["costs", "--lake"]) == 0
    assert "days old (2025-01-02)" in capsys.readouterr().out


def test_a_file_that_is_none_and_a_service_that_is_missing_are_refused_by_name(lists, capsys):
    (lists / "other.json").write_text("[]")
    for files, words in (
        (["other.json"], "other.json is no price list"),
        (["ec2.json"], "None of the files is the price list of ElasticMapReduce"),
        (["none.csv"], "none.csv cannot be read"),
    ):
        assert cli.main(["prices", "--file", *(str(lists / file) for file in files)]) == 2
        assert words in capsys.readouterr().err
    assert cli.main(["prices"]) == 2


def test_costs_of_the_lake_are_its_index_by_month_and_dag(monkeypatch, capsys):
    paid = {"wordcount": {"nights": 3, "usd": 1.5}, "backfill_wordcount": {"nights": 1, "usd": 0.25}}
    index = {"money": {"2026-01": paid, "2026-02": paid}, "nights": {}}
    monkeypatch.setattr(night_index, "read", lambda _settings: index)
    assert cli.main(["costs", "--lake", "--month", "2026-01"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [["2026-01", "backfill_wordcount", "1", "$0.25"], ["2026-01", "wordcount", "3", "$1.50"]]
