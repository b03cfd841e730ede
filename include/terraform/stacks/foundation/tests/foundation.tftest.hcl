# The foundation gives a night everything it needs to know, and its key is rotated.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:acme-nightshift-test-runs" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::acme-nightshift-test-lake" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"

  prevent_destroy = false # a test destroys what it made
}

run "a_night_learns_where_everything_is" {
  assert {
    condition     = jsonencode(output.buckets) == jsonencode({ for kind in ["raw", "lake", "artifacts", "logs"] : kind => "acme-nightshift-test-${kind}" })
    error_message = "Four buckets by kind."
  }

  assert {
    condition     = length(output.subnet_ids) == 2 && length(keys(output.databases)) == 3
    error_message = "Two subnets and three databases."
  }

  assert {
    condition = alltrue([for value in [
      output.vpc_id, output.topic_arn, output.emr_service_role_arn, output.emr_instance_profile_arn, output.airflow_role_arn, output.kms_key_arn,
      output.public_subnet_id, output.ingest_instance_profiles["covid_hospitals"], output.emr_source_profile_arns["card_movements"],
      output.serverless_job_role_arn, output.glue_job_role_arn, output.serverless_source_role_arns["card_movements"], output.glue_source_role_arns["card_movements"],
      output.kubernetes_job_role_arn, output.kubernetes_source_role_arns["card_movements"],
    ] : length(value) > 0])
    error_message = "No output may be empty."
  }
}

run "the_key_rotates_and_cannot_vanish_overnight" {
  command = plan

  assert {
    condition     = alltrue([for key in concat(aws_kms_key.this, aws_kms_key.disposable) : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "Rotation on, and 30 days to change one's mind."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/acme-nightshift-test"
    error_message = "The key is found by the name."
  }
}

run "a_bad_name_is_refused_before_anything_is_made" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "acme_nightshift"
  }
}
