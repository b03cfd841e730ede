# A job can do its own work, on these resources, and nothing else.

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
}

variables {
  name        = "acme-nightshift-test"
  region      = "us-east-1"
  service     = "emr-serverless"
  bucket_arns = { for kind in ["raw", "lake", "artifacts", "logs"] : kind => "arn:aws:s3:::acme-nightshift-test-${kind}" }
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  sources     = { shop = ["cards"] }
}

run "a_serverless_job_writes_the_lake_and_its_logs_only" {
  command = plan

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.job.statement : s.resources if contains(s.actions, "s3:PutObject")])) == toset([
      "arn:aws:s3:::acme-nightshift-test-lake/*", "arn:aws:s3:::acme-nightshift-test-logs/serverless/*",
    ])
    error_message = "A job may change neither its input nor its code."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["emr-serverless.amazonaws.com"])
    error_message = "Nobody else may assume these roles."
  }

  assert {
    condition     = { for key, role in aws_iam_role.this : key => role.name } == { "" = "acme-nightshift-test-serverless", shop = "acme-nightshift-test-serverless-shop" }
    error_message = "The role of Airflow hands out roles of these names (iam/airflow_compute.tf)."
  }
}

run "a_glue_job_writes_the_lake_and_glues_log_groups_only" {
  command = plan

  variables {
    service = "glue"
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.job.statement : s.resources if length(setintersection(s.actions, ["s3:PutObject", "logs:PutLogEvents"])) > 0])) == toset([
      "arn:aws:s3:::acme-nightshift-test-lake/*", "arn:aws:logs:us-east-1:123456789012:log-group:/aws-glue/*",
      "arn:aws:logs:us-east-1:123456789012:log-group:/aws-glue/*:log-stream:*",
    ])
    error_message = "A job may change neither its input nor its code."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["glue.amazonaws.com"]) && aws_iam_role.this["shop"].name == "acme-nightshift-test-glue-shop"
    error_message = "Roles of Glue's own, assumed by Glue alone."
  }
}

run "a_pods_job_has_its_role_by_pod_identity" {
  command = plan

  variables {
    service = "pods.eks"
  }

  assert {
    condition = (
      one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["pods.eks.amazonaws.com"]) &&
      data.aws_iam_policy_document.trust.statement[0].actions == toset(["sts:AssumeRole", "sts:TagSession"]) &&
      aws_iam_role.this["shop"].name == "acme-nightshift-test-kubernetes-shop"
    )
    error_message = "Roles of pods, handed out by EKS alone, which tags their sessions."
  }

  assert {
    condition     = contains(flatten([for s in data.aws_iam_policy_document.job.statement : s.resources if contains(s.actions, "s3:PutObject")]), "arn:aws:s3:::acme-nightshift-test-logs/eks/*")
    error_message = "EMR on EKS writes a job's logs in its name."
  }
}

run "only_the_role_of_a_pipeline_opens_its_sources" {
  command = plan

  assert {
    condition = { for pipeline, d in data.aws_iam_policy_document.sources : pipeline => flatten([for s in d.statement : s.resources]) } == {
      shop = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:acme-nightshift-test/sources/cards-??????"]
    }
    error_message = "Its own sources' secrets, by whole names."
  }

  assert {
    condition     = keys(aws_iam_role_policy.sources) == ["shop"] && [for s in data.aws_iam_policy_document.job.statement : s.sid if length([for a in s.actions : a if strcontains(a, "secretsmanager") || strcontains(a, "*") || startswith(a, "elasticmapreduce")]) > 0] == []
    error_message = "What all jobs may do opens no secret, names each action and ends no cluster."
  }
}

run "another_service_is_refused" {
  command         = plan
  expect_failures = [var.service]

  variables {
    service = "ec2"
  }
}

run "a_pattern_for_a_source_and_an_empty_list_are_refused" {
  command         = plan
  expect_failures = [var.sources]

  variables {
    sources = { shop = ["*"], beds = [] }
  }
}
