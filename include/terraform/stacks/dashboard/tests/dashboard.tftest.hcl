# A dashboard for each product over one data source, and QuickSight's role may read gold only.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme-nightshift-test-quicksight" }
  }
  mock_resource "aws_quicksight_data_source" {
    defaults = { arn = "arn:aws:quicksight:us-east-1:123456789012:datasource/acme-nightshift-test" }
  }
  mock_resource "aws_quicksight_data_set" {
    defaults = { arn = "arn:aws:quicksight:us-east-1:123456789012:dataset/any" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
  owners = ["arn:aws:quicksight:us-east-1:123456789012:group/default/owners"]

  products = ["wordcount"] # planning a dashboard takes the provider a second
}

run "each_product_has_a_dashboard_over_the_workgroup" {
  command = plan

  variables {
    products = null
  }

  assert {
    condition     = toset(keys(output.dashboards)) == toset(["card_movements", "covid_hospitals", "mrhealth_sales", "wordcount"])
    error_message = "Four products."
  }

  assert {
    condition     = aws_quicksight_data_source.this.parameters[0].athena[0].work_group == "acme-nightshift-test" && aws_quicksight_data_source.this.type == "ATHENA"
    error_message = "The workgroup with the scan limit."
  }

  assert {
    condition     = output.dashboards["mrhealth_sales"] == "https://us-east-1.quicksight.aws.amazon.com/sn/dashboards/acme-nightshift-test-mrhealth_sales"
    error_message = "Where people look."
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.quicksight) == 0
    error_message = "No role was named."
  }
}

run "quicksight_reads_gold_and_writes_results_only" {
  command = plan

  variables {
    quicksight_role = "aws-quicksight-service-role-v0"
  }

  assert {
    condition     = keys(module.dashboard) == ["wordcount"] && aws_iam_role_policy_attachment.quicksight[0].role == "aws-quicksight-service-role-v0"
    error_message = "One dashboard, and the role that QuickSight has."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.quicksight.statement : s.resources if contains(s.actions, "s3:GetObject")] == [toset(["arn:aws:s3:::acme-nightshift-test-lake/gold/*", "arn:aws:s3:::acme-nightshift-test-lake/athena/*"])]
    error_message = "Not bronze, silver and the quarantine."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.quicksight.statement : s.resources if contains(s.actions, "s3:PutObject")] == [toset(["arn:aws:s3:::acme-nightshift-test-lake/athena/*"])]
    error_message = "Results, nothing else."
  }
}

run "without_an_owner_nobody_would_see_it" {
  command         = plan
  expect_failures = [var.owners]

  variables {
    owners = []
  }
}
