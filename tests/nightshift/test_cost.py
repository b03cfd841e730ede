"""What a night costs, and whose prices say so."""

from dataclasses import replace

import pytest

from nightshift.compute import cost, instances
from nightshift.compute.emr import spec
from nightshift.failures.errors import PreflightError

DISKS = (64 * 0.10 + 15 * 0.08) / 730  # $ an hour of an xlarge in us-east-1
FLEET = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}, {"InstanceType": "m5a.xlarge"}]}
FLEETS = [{**FLEET, "TargetOnDemandCapacity": 2, "TargetSpotCapacity": 1}]


@pytest.fixture
def table(settings):
    return lambda region="us-east-1": instances.of(replace(settings, region=region))


@pytest.mark.parametrize(
    ("region", "m5_xlarge", "words"),
    [
        ("us-east-1", 0.192, "prices of us-east-1, "),
        ("us-west-2", 0.192, "EC2 in us-west-2 "),
        ("eu-west-1", 0.214, "EC2 in eu-west-1 "),
        ("eu-central-1", 0.23, "EC2 in eu-central-1 "),
    ],
)
def test_each_region_has_its_price_and_says_whose_it_is(table, region, m5_xlarge, words):
    there = table(region)
    node = m5_xlarge + 0.048 + cost.disks("m5.xlarge", there)
    assert cost.hourly(FLEETS, there) == pytest.approx(3 * node)
    assert cost.measured(FLEETS, 3600, there) == pytest.approx(3 * node, abs=1e-4)
    assert cost.disks("m5.xlarge", there) == pytest.approx(0.0104 * m5_xlarge / 0.192, abs=1e-4), "79 GiB"
    assert words in there.source and there.as_of in there.source
    assert cost.host(60, there) == pytest.approx(0.0258 * m5_xlarge / 0.192, abs=1e-4)
    at_home = cost.requests(1000, 1000, table())
    assert cost.requests(1000, 1000, there) == pytest.approx(at_home * m5_xlarge / 0.192, abs=1e-4)


@pytest.mark.parametrize("region", ["ca-west-1", "xx-new-9"])
def test_a_region_without_a_price_is_refused(table, region):
    for price in (lambda there: cost.hourly(FLEETS, there), lambda there: cost.host(60, there)):
        with pytest.raises(PreflightError, match=f"m5.xlarge in {region}.*prices m5.xlarge --region {region}"):
            price(table(region))


def test_the_default_cluster_costs_what_five_nodes_of_its_dearest_type_do(night, table):
    assert cost.hourly(spec.fleets(night), table()) == pytest.approx(5 * (0.240 + DISKS))


def test_large_nodes_cost_their_list_price(night, table):
    """Five m5.24xlarge for six hours and the start: EC2 $4.608 an hour each, EMR at most a quarter of that."""
    large = dict.fromkeys(("primary_types", "core_types", "task_types"), ("m5.24xlarge",))
    fleets = spec.fleets(replace(night, settings=replace(night.settings, **large)))
    disks = cost.disks("m5.24xlarge", table())
    assert cost.estimate(fleets, 360, table()) == pytest.approx(5 * (4.608 + 1.152 + disks) * 367 / 60, abs=1e-4)


@pytest.mark.parametrize(
    ("capacity", "dearest"),
    [
        (4, 0.96),  # a large node, of which three quarters are beyond the capacity
        (16, 3 * 0.24 + 0.96),  # three small ones and then a large one, since EMR may exceed the capacity
        (0, 0),
    ],
)
def test_a_fleet_costs_the_most_that_filling_its_capacity_can(table, capacity, dearest):
    weights = {"m5.xlarge": 4, "m5.4xlarge": 16}
    configs = [{"InstanceType": kind, "WeightedCapacity": weight} for kind, weight in weights.items()]
    fleet = {"TargetOnDemandCapacity": capacity, "TargetSpotCapacity": 0, "InstanceTypeConfigs": configs}
    there = table()
    without_disks = replace(there, types={name: replace(kind, vcpu=0) for name, kind in there.types.items()})
    roots = cost.disks("m5.xlarge", without_disks)  # of a node without vCPU: the root volume alone
    nodes = {0: 0, 4: 1, 16: 4}[capacity]
    assert cost.hourly([fleet], without_disks) == pytest.approx(dearest + nodes * roots)
