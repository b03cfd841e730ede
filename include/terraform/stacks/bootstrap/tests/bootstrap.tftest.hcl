# Bootstrap makes the bucket for state and nothing else.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
}

run "the_state_bucket_is_called_after_the_name" {
  assert {
    condition     = keys(module.storage.buckets) == ["state"] && output.state_bucket == "acme-nightshift-test-state"
    error_message = "One bucket, for state."
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
