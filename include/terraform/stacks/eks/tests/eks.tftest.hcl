# The cluster is private unless a network is named, and who may do what in it is named one by one.

mock_provider "aws" {
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\": \"2012-10-17\", \"Statement\": []}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/acme" }
  }

  mock_resource "aws_eks_cluster" {
    defaults = { identity = [{ oidc = [{ issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC" }] }] }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
}

run "it_is_private_encrypted_and_logged" {
  assert {
    condition     = one(aws_eks_cluster.this.vpc_config).endpoint_private_access && !one(aws_eks_cluster.this.vpc_config).endpoint_public_access
    error_message = "No way in from the internet."
  }

  assert {
    condition     = one(one(aws_eks_cluster.this.encryption_config).provider).key_arn == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    error_message = "Its secrets have the foundation's key."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.this.name == "/aws/eks/acme-nightshift-test/cluster"
    error_message = "All that the control plane can log, in a group that ends."
  }

  assert {
    condition     = output.oidc_provider_arn != "" && aws_iam_openid_connect_provider.this.url == "https://oidc.eks.us-east-1.amazonaws.com/id/ABC"
    error_message = "The cluster's own provider."
  }
}

run "airflow_is_a_group_and_each_account_has_its_own_role" {
  command = plan

  assert {
    condition     = aws_eks_access_entry.airflow.principal_arn == "arn:aws:iam::123456789012:role/acme-nightshift-test-airflow" && tolist(aws_eks_access_entry.airflow.kubernetes_groups) == tolist(["nightshift-airflow"])
    error_message = "No policy of EKS's own: deploy/kubernetes/rbac.yaml says what the group may do."
  }

  assert {
    condition = jsonencode(output.accounts) == jsonencode({
      nightshift-jobs                = "arn:aws:iam::123456789012:role/acme-nightshift-test-kubernetes"
      nightshift-jobs-card-movements = "arn:aws:iam::123456789012:role/acme-nightshift-test-kubernetes-card_movements"
      nightshift-jobs-mrhealth-sales = "arn:aws:iam::123456789012:role/acme-nightshift-test-kubernetes-mrhealth_sales"
    })
    error_message = "The roles of module compute_role."
  }
}

run "a_named_network_reaches_the_api" {
  command = plan

  variables {
    public_cidrs = ["198.51.100.0/24"]
  }

  assert {
    condition     = one(aws_eks_cluster.this.vpc_config).endpoint_public_access && one(aws_eks_cluster.this.vpc_config).public_access_cidrs == toset(["198.51.100.0/24"])
    error_message = "That one and no other."
  }
}

run "the_whole_internet_is_refused" {
  command         = plan
  expect_failures = [var.public_cidrs]

  variables {
    public_cidrs = ["0.0.0.0/0"]
  }
}
