# The roles of a night and who may assume them; what each may do is in the files named after it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # arn:<partition>:<service>:<region>:<account>, the start of most ARNs below.
  here = { for service in ["airflow", "ec2", "elasticmapreduce", "emr-serverless", "emr-containers", "eks", "glue", "logs", "secretsmanager"] :
    service => "arn:${local.partition}:${service}:${var.region}:${local.account}"
  }

  roles = merge(
    {
      emr-service = { services = ["elasticmapreduce.amazonaws.com"], guard = true }
      airflow     = { services = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"], guard = true }
    },
    { for role in concat(local.node_roles, local.host_roles) : role => { services = ["ec2.amazonaws.com"], guard = false } },
  )

  # Known before the roles exist, so that policies can be written while they are being made.
  role_arns = { for role, _ in local.roles : role => "arn:${local.partition}:iam::${local.account}:role/${var.name}-${role}" }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = each.value.services
    }

    # The confused-deputy guard. EC2 names no source account when it hands an instance its role.
    dynamic "condition" {
      for_each = each.value.guard ? [local.account] : []

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_instance_profile" "this" {
  for_each = toset(concat(local.node_roles, local.host_roles))

  name = "${var.name}-${each.key}"
  role = aws_iam_role.this[each.key].name
}

resource "aws_iam_role_policy" "this" {
  for_each = merge(
    { emr-service = data.aws_iam_policy_document.emr_service.json },
    { for role in local.node_roles : role => data.aws_iam_policy_document.emr_instance.json },
    { for role in local.host_roles : role => data.aws_iam_policy_document.ingest_host.json },
  )

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = each.value
}

# AWS's own policy for EMR: bound to resources tagged for-use-with-amazon-emr-managed-policies.
resource "aws_iam_role_policy_attachment" "emr_service" {
  role       = aws_iam_role.this["emr-service"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
}

# Managed, not inline: together these pass the 10 240 characters that a role's inline policies may have.
resource "aws_iam_policy" "airflow" {
  for_each = {
    night     = data.aws_iam_policy_document.airflow_night.json
    terraform = data.aws_iam_policy_document.airflow_terraform.json
    transient = data.aws_iam_policy_document.airflow_transient.json
    ingest    = data.aws_iam_policy_document.airflow_ingest.json
    compute   = data.aws_iam_policy_document.airflow_compute.json
    mwaa      = data.aws_iam_policy_document.airflow_mwaa.json
    fence     = data.aws_iam_policy_document.airflow_fence.json
  }

  name        = "${var.name}-airflow-${each.key}"
  description = "What Airflow may do for ${var.name}: ${each.key}"
  policy      = each.value
}

resource "aws_iam_role_policy_attachment" "airflow" {
  for_each = aws_iam_policy.airflow

  role       = aws_iam_role.this["airflow"].name
  policy_arn = each.value.arn
}
