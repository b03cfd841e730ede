# By default the stack lets nobody in and keeps nothing; what is asked for reaches its module.

mock_provider "aws" {
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
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"

  # terraform test wants an ephemeral variable set from the first run on, or never.
  secret_values = { "sources/covid_api" = "not a real password" }
}

run "nobody_and_nothing_by_default" {
  assert {
    condition     = output.role_arns == {} && output.user_names == {} && output.secret_arns == {} && output.budget_name == null
    error_message = "Nothing may be made unasked."
  }
}

run "what_is_asked_for_is_made" {
  variables {
    principals    = { reader = ["arn:aws:iam::123456789012:role/analysts"] }
    secrets       = { "sources/covid_api" = { description = "The API's address and user", value_version = 1 } }
    monthly_usd   = 120
    budget_emails = ["owner@example.com"]
  }

  assert {
    condition     = keys(output.role_arns) == ["reader"] && keys(output.secret_arns) == ["sources/covid_api"] && output.budget_name == "acme-nightshift-test-monthly"
    error_message = "One role, one secret, one budget."
  }
}

run "a_wildcard_is_refused_through_the_stack_too" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "acme_nightshift"
  }
}
