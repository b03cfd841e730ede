"""What a night costs, and whose prices say so."""

import pytest

from nightshift.compute import cost

FLEET = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}, {"InstanceType": "m5a.xlarge"}]}
FLEETS = [{**FLEET, "TargetOnDemandCapacity": 2, "TargetSpotCapacity": 1}]


@pytest.mark.parametrize(
    ("region", "m5_xlarge", "words"),
    [
        ("us-east-1", 0.192, "prices of us-east-1, "),
        ("us-west-2", 0.192, "EC2 in us-west-2 "),
        ("eu-west-1", 0.214, "EC2 in eu-west-1 "),
        ("eu-central-1", 0.23, "EC2 in eu-central-1 "),
        ("sa-east-1", 0.192, "those of sa-east-1 are not known here and may be far higher"),
        ("xx-new-9", 0.192, "those of xx-new-9 are not known here"),
    ],
)
def test_each_region_has_its_price_or_says_that_it_is_not_known(region, m5_xlarge, words):
    assert cost.hourly(FLEETS, region) == pytest.approx(3 * (m5_xlarge + 0.048))
    assert cost.measured(FLEETS, 3600, region) == pytest.approx(3 * (m5_xlarge + 0.048))
    assert words in cost.prices(region) and cost.PRICES_AS_OF in cost.prices(region)
    assert cost.host(60, region) == pytest.approx(cost.HOST * m5_xlarge / 0.192, abs=1e-4)
