# Messages are encrypted, and only who was named gets them.

mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:acme-nightshift-test-runs" }
  }
}

variables {
  name        = "acme-nightshift-test"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "the_topic_is_encrypted_and_nobody_listens_by_default" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.name == "acme-nightshift-test-runs" && aws_sns_topic.this.kms_master_key_id == var.kms_key_arn
    error_message = "The topic is called <name>-runs and uses the key given."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) + length(aws_sns_topic_subscription.queue) == 0
    error_message = "No address was given, so nobody may be subscribed."
  }
}

run "each_address_and_each_queue_is_subscribed_once" {
  variables {
    email_endpoints = ["ops@example.com", "data@example.com"]
    queue_endpoints = ["arn:aws:sqs:us-east-1:123456789012:nights"]
  }

  assert {
    condition     = toset(values(aws_sns_topic_subscription.email)[*].endpoint) == toset(["data@example.com", "ops@example.com"])
    error_message = "One mail subscription an address."
  }

  assert {
    condition     = one(values(aws_sns_topic_subscription.queue)).endpoint == "arn:aws:sqs:us-east-1:123456789012:nights" && one(values(aws_sns_topic_subscription.queue)).protocol == "sqs"
    error_message = "One queue subscription a queue."
  }

  assert {
    condition     = alltrue([for s in concat(values(aws_sns_topic_subscription.email), values(aws_sns_topic_subscription.queue)) : s.topic_arn == output.topic_arn])
    error_message = "All of them to this topic."
  }
}

run "what_is_no_address_and_a_fifo_queue_are_refused" {
  command         = plan
  expect_failures = [var.email_endpoints, var.queue_endpoints]

  variables {
    email_endpoints = ["ops"]
    queue_endpoints = ["arn:aws:sqs:us-east-1:123456789012:nights.fifo"]
  }
}
