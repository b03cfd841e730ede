# Airflow's role touches nothing of another name, also of one that begins like its own.

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
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
}

variables {
  name             = "acme-nightshift-test"
  region           = "us-east-1"
  bucket_arns      = { for kind in ["raw", "lake", "artifacts", "logs"] : kind => "arn:aws:s3:::acme-nightshift-test-${kind}" }
  state_bucket_arn = "arn:aws:s3:::acme-nightshift-test-state"
  kms_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  topic_arn        = "arn:aws:sns:us-east-1:123456789012:acme-nightshift-test-runs"
  sources          = { clusters = { shop = ["cards"] }, hosts = { beds = ["beds_api", "beds_tables"] } }
}

run "the_fence_only_denies_and_the_role_has_it" {
  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.airflow_fence.statement : s.effect == "Deny"])
    error_message = "A fence grants nothing."
  }

  assert {
    condition     = contains(keys(aws_iam_role_policy_attachment.airflow), "fence")
    error_message = "It is attached to the role."
  }
}

run "another_names_cluster_is_not_made_ours_by_a_tag" {
  command = plan

  assert {
    condition = { for c in one([for s in data.aws_iam_policy_document.airflow_fence.statement : s.condition if contains(s.actions, "elasticmapreduce:AddTags")]) : c.test => one(c.values) } == {
      StringNotEquals = "acme-nightshift-test"
      Null            = "false"
    }
    error_message = "Only what carries another name is denied: a cluster that is being made carries none."
  }
}
