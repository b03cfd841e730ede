# The clusters' network is private over at least two zones, and reaches S3 without the internet; beside it is a public subnet.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
}

run "private_subnets_lie_in_two_zones" {
  command = plan

  assert {
    condition     = length(distinct(aws_subnet.this[*].availability_zone)) == 2
    error_message = "Two subnets in two zones, so that one zone's shortage does not stop the night."
  }

  assert {
    condition     = length(distinct(aws_subnet.this[*].cidr_block)) == 2 && alltrue([for s in aws_subnet.this : s.map_public_ip_on_launch != true])
    error_message = "Subnets may not overlap and may not hand out public addresses."
  }
}

run "what_emr_touches_carries_its_tag" {
  command = plan

  assert {
    condition     = alltrue([for r in concat([aws_vpc.this], aws_subnet.this) : r.tags["for-use-with-amazon-emr-managed-policies"] == "true"])
    error_message = "AmazonEMRServicePolicy_v2 refuses a VPC or subnet without its tag."
  }

  assert {
    condition     = aws_vpc.this.enable_dns_hostnames && aws_vpc.this.enable_dns_support
    error_message = "EMR needs DNS hostnames in the VPC."
  }
}

run "s3_is_reached_through_a_free_endpoint" {
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && contains(aws_vpc_endpoint.s3.route_table_ids, aws_route_table.this.id)
    error_message = "The private route table must have the S3 gateway endpoint."
  }

  assert {
    condition     = alltrue([for a in aws_route_table_association.this : a.route_table_id == aws_route_table.this.id])
    error_message = "Every private subnet must use the private route table."
  }
}

run "clusters_have_no_way_to_the_internet_unless_asked" {
  assert {
    condition     = length(aws_nat_gateway.this) + length(aws_route.nat) + length(aws_eip.this) == 0
    error_message = "Nothing that is billed by the hour, and no way out of the private subnets, without nat = true."
  }

  assert {
    condition     = aws_route.public.route_table_id != aws_route_table.this.id && aws_route.public.gateway_id == aws_internet_gateway.this.id
    error_message = "The route to the internet gateway belongs to the public table alone."
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) + length(aws_security_group.endpoints) == 0
    error_message = "Interface endpoints cost money and come only when named."
  }
}

run "the_public_subnet_is_small_and_gives_nobody_an_address_unasked" {
  assert {
    condition     = output.public_subnet_id == aws_subnet.public.id && aws_subnet.public.map_public_ip_on_launch == false
    error_message = "A public address is for whoever asks for one."
  }

  assert {
    condition     = aws_subnet.public.cidr_block == "10.42.240.0/24" && aws_route_table_association.public.route_table_id == aws_route_table.public.id
    error_message = "One small subnet, outside of the private ones, on the public route table."
  }

  assert {
    condition     = !contains(keys(aws_subnet.public.tags), "for-use-with-amazon-emr-managed-policies")
    error_message = "EMR may start no cluster in the public subnet."
  }
}

run "nat_gives_the_private_subnets_a_way_out" {
  variables {
    nat = true
  }

  assert {
    condition     = aws_route.nat[0].nat_gateway_id == aws_nat_gateway.this[0].id && aws_route.nat[0].route_table_id == aws_route_table.this.id
    error_message = "The private default route must lead to the NAT gateway."
  }

  assert {
    condition     = aws_nat_gateway.this[0].subnet_id == aws_subnet.public.id && !contains(aws_subnet.this[*].id, aws_subnet.public.id)
    error_message = "The NAT gateway must sit in the public subnet."
  }
}

run "named_services_get_an_endpoint_in_every_zone" {
  command = plan

  variables {
    azs                 = 3
    interface_endpoints = ["kms", "glue"]
  }

  assert {
    condition     = toset(values(aws_vpc_endpoint.interface)[*].service_name) == toset(["com.amazonaws.us-east-1.kms", "com.amazonaws.us-east-1.glue"])
    error_message = "One endpoint a service."
  }

  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled]) && length(aws_subnet.this) == 3
    error_message = "Endpoints answer under the service's own name."
  }
}

run "one_zone_a_bad_name_and_a_small_network_are_refused" {
  command         = plan
  expect_failures = [var.azs, var.cidr, var.name, var.region, var.interface_endpoints]

  variables {
    azs                 = 1
    cidr                = "10.0.0.0/24"
    name                = "Acme"
    region              = "us-east-1a"
    interface_endpoints = ["s3"]
  }
}

run "a_network_with_host_bits_is_refused" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "10.0.0.1/16"
  }
}
