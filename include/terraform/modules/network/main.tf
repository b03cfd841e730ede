# The VPC that EMR clusters live in: private subnets over several zones, with a free way to S3 and none to the internet.

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:A zone that AWS adds changes nothing. The list is cut to var.azs and a subnet ignores a change of its zone
  state = "available"

  # Local Zones and Wavelength Zones answer here too, and EMR does not run in all of them.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, var.azs)

  # AmazonEMRServicePolicy_v2 may only touch networks that carry this tag.
  emr_tags = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Nothing reaches this network from outside, the security groups name every pair that may talk, and flow logs are billed by the gigabyte of Spark's shuffle
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # EMR finds its nodes by their DNS names
  tags                 = merge(local.emr_tags, { Name = var.name })
}

# Managed so that it is empty: whatever is started without a security group has no network access.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-default-closed" }
}

resource "aws_subnet" "this" {
  count = var.azs

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 4, count.index)
  availability_zone = local.zones[count.index]
  tags              = merge(local.emr_tags, { Name = "${var.name}-private-${count.index}" })

  lifecycle {
    # A zone that AWS adds later shifts the list; a subnet that exists stays where it is.
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "this" {
  count = var.azs

  subnet_id      = aws_subnet.this[count.index].id
  route_table_id = aws_route_table.this.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this.id]
  tags              = { Name = "${var.name}-s3" }
}
