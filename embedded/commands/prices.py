"""./nightshift prices: list prices of instance types, from AWS's Price List API into the price file."""

from __future__ import annotations

import argparse

HELP = "look up what instance types cost, and add them to those that a cluster may have"
DESCRIPTION = """\
Looks up AWS's price list for vCPU, memory, architecture, EC2 On-Demand price and EMR's fee of each TYPE and writes
them to the price file: NIGHTSHIFT_PRICES_FILE, else include/prices.toml, which travels with a deployment. It takes
precedence over include/instance_types.toml. With a region's m5.xlarge, its other types are priced too, by their
ratio to it."""
EPILOG = """\
example:
  ./nightshift prices m8g.xlarge m8g.2xlarge --region sa-east-1

It needs credentials of an AWS account with pricing:GetProducts, and always calls AWS itself.

exit status: 0 written; 1 AWS did not answer; 2 a type has no price there (the others are written)."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("types", metavar="TYPE", nargs="+", help="EC2 instance types, such as m8g.xlarge")
    parser.add_argument("--region", help="the clusters' region (NIGHTSHIFT_REGION, else AWS_REGION, else us-east-1)")


def run(options: argparse.Namespace) -> int:
    """Look the types up, write those that have a price and show them; gives 0. Raises CloudError and InputRefused."""
    from embedded.cloud import price_list
    from tools import paths
    from tools.errors import InputRefused

    file, region = price_list.target(options.region)
    priced = price_list.look_up(options.types, region)
    if priced:
        price_list.write(file, region, priced)
    for kind, price in priced.values():
        facts = f"{kind.vcpu} vCPU, {kind.gib:g} GiB, {kind.architecture}"
        print(f"{kind.name:<14} {facts}: EC2 ${price.ec2:g} and EMR ${price.emr:g} an hour in {region}")
    print(f"{len(priced)} of {len(options.types)} written to {paths.shown(file)}.")
    if missing := [name for name in options.types if name not in priced]:
        raise InputRefused(f"AWS lists no price of both EC2 and EMR for {', '.join(missing)} in {region}.")
    return 0
