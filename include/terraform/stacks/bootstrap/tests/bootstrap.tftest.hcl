# Bootstrap makes the bucket for state and, unless a workflow is named, nothing else.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"

  prevent_destroy = false # a test destroys what it made
}

run "the_state_bucket_is_called_after_the_name" {
  assert {
    condition     = keys(module.storage.buckets) == ["state"] && output.state_bucket == "acme-nightshift-test-state"
    error_message = "One bucket, for state."
  }

  assert {
    condition     = output.github_role_arns == {} && output.github_provider_arn == null
    error_message = "No workflow was named, so none is let in."
  }
}

run "an_environment_that_was_named_gets_a_role" {
  variables {
    github_deploy_subjects = ["repo:acme/nightshift:environment:prod"]
  }

  assert {
    condition     = keys(output.github_role_arns) == ["deploy"]
    error_message = "One role, to deploy."
  }
}

run "zero_retries_and_a_zone_for_a_region_are_refused" {
  command         = plan
  expect_failures = [var.max_retries, var.region]

  variables {
    max_retries = 0
    region      = "us-east-1a"
  }
}
