"""The table of instance types: true to EC2, extended by a price file, and what it gives as spares."""

import re
import tomllib
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from nightshift.compute import instances
from nightshift.failures.errors import PreflightError

OWN = """
[types]
"m8g.xlarge" = { architecture = "arm64", vcpu = 4, gib = 16.0 }

[prices.ca-west-1]
"m8g.xlarge" = { ec2 = 0.3, emr = 0.07, as_of = "2026-12-01" }
"""
YARDSTICK = '"m5.xlarge" = { ec2 = 0.384, emr = 0.096, as_of = "2026-12-02" }\n'


@pytest.fixture
def table(settings):
    return instances.of(settings)


@pytest.fixture
def priced(settings, tmp_path):
    """The table of a region with a price file of this text."""

    def of(region, text=OWN):
        (tmp_path / "prices.toml").write_text(text)
        return instances.of(replace(settings, region=region, prices_file=tmp_path / "prices.toml"))

    return of


@mock_aws
def test_every_type_of_the_table_is_as_ec2_describes_it(table):
    ec2 = boto3.client("ec2", region_name="us-east-1")
    pages = ec2.get_paginator("describe_instance_types").paginate()
    described = {kind["InstanceType"]: kind for page in pages for kind in page["InstanceTypes"]}
    for name, kind in table.types.items():
        facts = described[name]
        assert kind.vcpu == facts["VCpuInfo"]["DefaultVCpus"], name
        assert kind.gib == facts["MemoryInfo"]["SizeInMiB"] / 1024, name
        assert [kind.architecture] == facts["ProcessorInfo"]["SupportedArchitectures"], name


def test_a_familys_generation_is_that_of_its_name():
    families = tomllib.loads(instances.TYPES.read_text())["families"]
    assert {name: int(re.search(r"\d", name)[0]) for name in families} == {
        name: facts["generation"] for name, facts in families.items()
    }


def test_a_price_grows_with_the_size(table):
    assert table.price("m5.24xlarge") == instances.Price(pytest.approx(4.608), pytest.approx(1.152), "2026-11-20")


@pytest.mark.parametrize(
    ("types", "spares"),
    [
        (("m5.xlarge", "m5a.xlarge", "m6i.xlarge", "m6a.xlarge"), {"r5", "r5a", "r6i", "r6a"}),
        (("m5.4xlarge",), {"m5a", "m6i", "m6a", "r5", "r5a", "r6i", "r6a"}),
        (("r5.xlarge",), {"r5a", "r6i", "r6a"}),
        (("m6g.8xlarge",), {"m7g", "r6g", "r7g"}),
    ],
)
def test_spares_are_of_other_families_in_the_same_size_and_never_with_less_memory(table, types, spares):
    size = types[0].partition(".")[2]
    assert set(table.spares(types)) == {f"{family}.{size}" for family in spares}


def test_a_size_that_others_lack_is_replaced_by_the_next_larger_one(table):
    assert "c6i.12xlarge" in table.spares(("c5.9xlarge",))


def test_an_unknown_type_is_refused_with_the_command_that_adds_it(table):
    command = r"Next: Add it with: \./nightshift prices m9z\.xlarge x9\.large --region us-east-1"
    with pytest.raises(PreflightError, match=command):
        table.check(["m5.xlarge", "m9z.xlarge", "x9.large", "m9z.xlarge"])
    for look_up in (table.type, table.price):
        with pytest.raises(PreflightError, match=r"for m9z\.xlarge in us-east-1"):
            look_up("m9z.xlarge")


def test_a_region_without_prices_refuses_every_type_and_has_no_spares(priced):
    nowhere = priced("ca-west-1", "")
    with pytest.raises(PreflightError, match=r"for m5\.xlarge, r5\.xlarge in ca-west-1"):
        nowhere.check(["m5.xlarge", "r5.xlarge"])
    assert (nowhere.spares(["m5.xlarge"]), nowhere.source, nowhere.as_of) == ((), "no prices of ca-west-1", "")


def test_the_price_file_adds_types_and_regions(priced):
    table = priced("ca-west-1")
    assert (table.type("m8g.xlarge").vcpu, table.price("m8g.xlarge").total) == (4, pytest.approx(0.37))
    assert (table.source, table.as_of) == ("m8g.xlarge of ca-west-1, 2026-12-01", "2026-12-01")
    with pytest.raises(PreflightError, match=r"for m6g\.xlarge"):
        table.check(["m8g.xlarge", "m6g.xlarge"])
    with pytest.raises(PreflightError, match=r"for m8g\.xlarge in us-east-1"):
        priced("us-east-1").price("m8g.xlarge")


def test_the_yardsticks_price_in_a_region_prices_the_others_there(priced):
    table = priced("ca-west-1", OWN + YARDSTICK)
    assert table.price("m5.xlarge") == instances.Price(0.384, 0.096, "2026-12-02")
    assert table.price("r5.2xlarge") == instances.Price(pytest.approx(1.008), pytest.approx(0.252), "2026-11-20")
    assert table.source.startswith("others in ca-west-1 as its m5.xlarge is to that of us-east-1, 2026-11-20; m8g")
    assert table.source.endswith("m5.xlarge of ca-west-1, 2026-12-01")


def test_a_rate_is_as_dear_as_the_yardstick_until_a_list_says_more(priced):
    at_home, there = priced("us-east-1", ""), priced("eu-west-1", "")
    assert at_home.rates["gp2"] == instances.Rate(0.1, "2026-11-29", "prices of us-east-1, 2026-11-29")
    assert [there.rate(name) for name in at_home.rates] == pytest.approx(
        [at_home.rate(name) * 0.214 / 0.192 for name in at_home.rates]
    )
    assert there.rates["gp2"].source.endswith("2026-11-29, as much dearer as m5.xlarge is in eu-west-1")
    listed = instances.Rate(0.11, "2027-01-05", "AmazonEC2 1")
    own = '[rates.eu-west-1]\ngp2 = { usd = 0.11, as_of = "2027-01-05", source = "AmazonEC2 1" }\n'
    assert priced("eu-west-1", own).rates == {**there.rates, "gp2": listed}
    assert priced("us-east-1", own).rates == at_home.rates
    assert priced("eu-west-1", own).oldest(["gp2"]) == "2027-01-05"
    assert priced("eu-west-1", own).oldest(["gp2", "gp3"]) == "2026-11-29", "gp3 is not of that list"
    assert priced("ca-west-1", own).rates == {}
    assert priced("ca-west-1").rates == at_home.rates, "of a region whose m5.xlarge nobody looked up"


@pytest.mark.parametrize("text", ["[types", "[types.a]\ncores = 4", "[prices]\nus-east-1 = 3", "types = 1"])
def test_a_price_file_that_is_wrong_is_named(priced, text):
    with pytest.raises(PreflightError, match=r"price file .*prices\.toml is invalid"):
        priced("us-east-1", text)
