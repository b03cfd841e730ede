"""./nightshift prices: AWS's price list, in the shapes that GetProducts has, ends in the price file."""

import json
import tomllib
from dataclasses import replace

import boto3
import pytest
from botocore.stub import Stubber

from embedded import cli
from embedded.cloud import price_list
from nightshift import config
from nightshift.compute import instances


def product(dollars, **attributes):
    rate = {"unit": "Hrs", "pricePerUnit": {"USD": dollars}}
    return json.dumps(
        {
            "product": {"attributes": attributes},
            "terms": {"OnDemand": {"SKU.T": {"priceDimensions": {"SKU.T.R": rate}}}},
        }
    )


def asked(service, name, region, **more):
    wanted = {**more, "instanceType": name, "regionCode": region}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    return {"ServiceCode": service, "Filters": filters}


@pytest.fixture
def aws(monkeypatch):
    """Answers of GetProducts by type: the lists of EC2 and of EMR, or an error code."""
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(price_list.boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stub:

        def answers(name, region, ec2, emr):
            answered = {"FormatVersion": "aws_v1"}
            of_ec2, of_emr = {**answered, "PriceList": ec2}, {**answered, "PriceList": emr}
            stub.add_response("get_products", of_ec2, asked("AmazonEC2", name, region, **price_list.LINUX))
            stub.add_response("get_products", of_emr, asked("ElasticMapReduce", name, region, softwareType="EMR"))

        answers.error = lambda code: stub.add_client_error("get_products", code)
        yield answers


@pytest.fixture
def file(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHIFT_PRICES_FILE", str(tmp_path / "prices.toml"))
    return tmp_path / "prices.toml"


GRAVITON = {"vcpu": "8", "memory": "64 GiB", "physicalProcessor": "AWS Graviton4 Processor"}
INTEL = {"vcpu": "128", "memory": "1,024 GiB", "physicalProcessor": "Intel Xeon Scalable (Icelake)"}


def test_a_type_that_was_looked_up_can_be_in_a_cluster(aws, file, capsys):
    aws("r8g.2xlarge", "ca-west-1", [product("0.7540000000", **GRAVITON)], [product("0.1885")])
    assert cli.main(["prices", "r8g.2xlarge", "--region", "ca-west-1"]) == 0
    said = capsys.readouterr().out
    assert "8 vCPU, 64 GiB, arm64: EC2 $0.754 and EMR $0.1885 an hour in ca-west-1" in said
    assert f"1 of 1 written to {file}" in said
    table = instances.of(replace(config.Settings(), region="ca-west-1", prices_file=file))
    table.check(["r8g.2xlarge"])
    assert (table.type("r8g.2xlarge").architecture, table.price("r8g.2xlarge").ec2) == ("arm64", 0.754)


def test_what_the_file_has_of_others_stays_and_the_region_is_that_of_the_settings(aws, file, monkeypatch):
    monkeypatch.setenv("NIGHTSHIFT_REGION", "eu-west-1")
    for dollars in ("1", "9.5"):
        aws("r6i.32xlarge", "eu-west-1", [product(dollars, **INTEL)], [product("2")])
        aws("r8g.2xlarge", "eu-west-1", [product("3", **GRAVITON)], [product("4")])
        assert cli.main(["prices", "r6i.32xlarge"]) == 0
        assert cli.main(["prices", "r8g.2xlarge"]) == 0
    kept = tomllib.loads(file.read_text())
    assert {name: row["ec2"] for name, row in kept["prices"]["eu-west-1"].items()} == {
        "r6i.32xlarge": 9.5,
        "r8g.2xlarge": 3.0,
    }
    assert kept["types"]["r6i.32xlarge"] == {"architecture": "x86_64", "vcpu": 128, "gib": 1024.0}


@pytest.mark.parametrize(("ec2", "emr"), [([], [product("1")]), ([product("1", **INTEL)], [])])
def test_a_type_that_ec2_or_emr_does_not_list_is_refused_and_the_others_are_written(aws, file, capsys, ec2, emr):
    aws("m9z.xlarge", "us-east-1", ec2, emr)
    aws("r8g.2xlarge", "us-east-1", [product("3", **GRAVITON)], [product("4")])
    assert cli.main(["prices", "m9z.xlarge", "r8g.2xlarge", "--region", "us-east-1"]) == 2
    said = capsys.readouterr()
    assert "no price of both EC2 and EMR for m9z.xlarge in us-east-1" in said.err
    assert "1 of 2 written" in said.out and list(instances.read(file)["types"]) == ["r8g.2xlarge"]


def test_an_account_that_may_not_ask_is_one_sentence_and_writes_nothing(aws, file, capsys):
    aws.error("AccessDeniedException")
    assert cli.main(["prices", "m8g.xlarge"]) == 1
    assert "AWS's price list did not answer: " in capsys.readouterr().err
    assert not file.exists()


def test_a_price_file_that_is_wrong_or_cannot_be_written_is_refused_by_name(aws, file, capsys, monkeypatch):
    file.write_text("[types")
    assert cli.main(["prices", "m8g.xlarge"]) == 2
    assert f"The price file {file} is invalid: " in capsys.readouterr().err
    file.unlink()
    assert cli.main(["costs"]) == 0
    assert f"There is no price file {file} (NIGHTSHIFT_PRICES_FILE) yet" in capsys.readouterr().err
    file.write_text("[types")
    monkeypatch.setenv("NIGHTSHIFT_PRICES_FILE", str(file / "nowhere" / "prices.toml"))
    aws("r8g.2xlarge", "us-east-1", [product("3", **GRAVITON)], [product("4")])
    assert cli.main(["prices", "r8g.2xlarge", "--region", "us-east-1"]) == 2
    assert "nowhere/prices.toml cannot be written (Not a directory)" in capsys.readouterr().err
