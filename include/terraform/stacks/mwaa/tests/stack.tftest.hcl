# The stack finds the foundation by its name, and refuses a network from which Airflow could ask nobody.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.42.0.0/16" }
  }
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:airflow" }
  }
  mock_resource "aws_mwaa_environment" {
    defaults = { arn = "arn:aws:airflow:us-east-1:123456789012:environment/acme-nightshift-test", webserver_url = "ui.example.com" }
  }
}

override_data {
  target = data.aws_subnet.private[0]
  values = { id = "subnet-1" }
}

override_data {
  target = data.aws_subnet.private[1]
  values = { id = "subnet-2" }
}

override_data {
  target = data.aws_route_table.private
  values = { routes = [{ cidr_block = "0.0.0.0/0", nat_gateway_id = "nat-1" }] }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
}

run "with_nat_no_endpoint_is_asked_for" {
  assert {
    condition     = length(data.aws_vpc_endpoint.needed) == 0
    error_message = "NAT leads everywhere."
  }

  assert {
    condition     = output.webserver_url == "ui.example.com"
    error_message = "The operator is told where the UI is."
  }
}

run "without_nat_every_service_must_have_its_endpoint" {
  command = plan

  override_data {
    target = data.aws_route_table.private
    values = { routes = [{ cidr_block = "", nat_gateway_id = "" }] }
  }

  assert {
    condition     = length(data.aws_vpc_endpoint.needed) == 16 && contains(keys(data.aws_vpc_endpoint.needed), "elasticmapreduce")
    error_message = "MWAA's own and a night's services are looked for."
  }
}

run "one_table_without_nat_is_without" {
  command = plan

  override_data {
    target = data.aws_route_table.private[1]
    values = { routes = [] }
  }

  assert {
    condition     = length(data.aws_vpc_endpoint.needed) == 16
    error_message = "A container in that subnet would ask nobody."
  }
}

run "what_the_module_refuses_is_refused_through_the_stack_too" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "acme_nightshift"
  }
}
