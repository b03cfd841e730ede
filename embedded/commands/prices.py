"""./nightshift prices: list prices of instance types, from AWS's Price List API into the price file."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "look up what instance types cost, and add them to those that a cluster may have"
DESCRIPTION = """\
Looks up AWS's price list for vCPU, memory, architecture, EC2 On-Demand price and EMR's fee of each TYPE and writes
them to the price file: NIGHTSHIFT_PRICES_FILE, else include/prices.toml, which travels with a deployment. It takes
precedence over include/instance_types.toml. With a region's m5.xlarge, its other types are priced too, by their
ratio to it."""
EPILOG = """\
example:
  ./nightshift prices m8g.xlarge m8g.2xlarge --region sa-east-1
  ./nightshift prices --region sa-east-1 --file AmazonEC2.csv ElasticMapReduce.csv AmazonS3.csv AWSGlue.csv

With --file it reads AWS's price lists as they are published for a service and a region (CSV of any size, or JSON up
to 256 MiB; AWS Billing guide, "Getting price list files manually") and refreshes every type that the tables have,
besides each TYPE, disks, the ingestion host, EMR Serverless and EMR on EKS; with the lists of AmazonS3, AWSGlue and
AmazonVPC also S3's requests, Glue and the host's address. It needs no account and no network. The addresses of the
lists:
https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/SERVICE/current/REGION/index.csv

Without --file it needs credentials of an AWS account with pricing:GetProducts, and calls AWS itself.

exit status: 0 written; 1 AWS did not answer; 2 a type has no price there (the others are written)."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("types", metavar="TYPE", nargs="*", help="EC2 instance types, such as m8g.xlarge")
    parser.add_argument(
        "--file",
        dest="files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="price lists of AmazonEC2, ElasticMapReduce and, as far as at hand, AmazonS3, AWSGlue, AmazonVPC",
    )
    parser.add_argument("--region", help="the clusters' region (NIGHTSHIFT_REGION, else AWS_REGION, else us-east-1)")


def run(options: argparse.Namespace) -> int:
    """Look the types up, write those that have a price and show them; gives 0. Raises CloudError and InputRefused."""
    from embedded.cloud import price_file, price_list
    from tools import paths
    from tools.errors import InputRefused

    file, region = price_list.target(options.region)
    types = [*options.types, *(price_list.known(file) if options.files else ())]
    if not types:
        raise InputRefused("Name instance types, or the files of price lists with --file.")
    if options.files:
        priced, rates = price_file.read(options.files, types, region)
    else:
        priced, rates = price_list.look_up(types, region), {}
    if priced or rates:
        price_list.write(file, region, priced, rates)
    for kind, price in priced.values():
        facts = f"{kind.vcpu} vCPU, {kind.gib:g} GiB, {kind.architecture}"
        print(f"{kind.name:<14} {facts}: EC2 ${price.ec2:g} and EMR ${price.emr:g} an hour in {region}")
    for name, rate in rates.items():
        print(f"{name:<18} ${rate.usd:.10g} in {region}, {rate.source}")
    print(f"{len(priced)} of {len(types)} written to {paths.shown(file)}.")
    if old := price_list.old(region):
        print(old)
    wanted = options.types or ([] if priced else types)
    if missing := [name for name in wanted if name not in priced]:
        raise InputRefused(f"AWS lists no price of both EC2 and EMR for {', '.join(missing)} in {region}.")
    return 0
