# The roles of one service's jobs: who may assume them, and what a job may do.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  base      = "${var.name}-${local.short[var.service]}"
  short     = { glue = "glue", emr-serverless = "serverless", "pods.eks" = "kubernetes" }

  # By pipeline; "" is the role that opens no source.
  roles = { for pipeline in concat([""], keys(var.sources)) : pipeline => pipeline == "" ? local.base : "${local.base}-${pipeline}" }

  log_groups = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws-glue/*"
}

# Without aws:SourceAccount, which neither service's guide promises to send: PassRole hands out roles of one's own account only.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = var.service == "pods.eks" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${var.service}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "job" {
  statement {
    sid       = "SeeBuckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [for kind in ["raw", "lake", "artifacts"] : var.bucket_arns[kind]]
  }

  statement {
    sid       = "ReadInputAndCode"
    actions   = ["s3:GetObject"]
    resources = [for kind in ["raw", "lake", "artifacts"] : "${var.bucket_arns[kind]}/*"]
  }

  statement {
    sid       = "WriteTheLake"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.bucket_arns["lake"]}/*"]
  }

  # EMR Serverless and EMR on EKS write logs in the job's name (their guides, "Storing logs", "Using S3 logs").
  dynamic "statement" {
    for_each = var.service == "glue" ? [] : ["logs"]

    content {
      sid       = "WriteLogs"
      actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
      resources = ["${var.bucket_arns["logs"]}/${var.service == "pods.eks" ? "eks" : "serverless"}/*"]
    }
  }

  # So does Glue; the groups are its own, of the whole account.
  dynamic "statement" {
    for_each = var.service == "glue" ? ["logs"] : []

    content {
      sid       = "WriteLogs"
      actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      resources = [local.log_groups, "${local.log_groups}:log-stream:*"]
    }
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

data "aws_iam_policy_document" "sources" {
  for_each = var.sources

  # Secrets Manager ends an ARN with six characters of its own. A star would reach `cards-2` from `cards`.
  statement {
    sid       = "OpenItsSources"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for source in each.value : "arn:${local.partition}:secretsmanager:${var.region}:${local.account}:secret:${var.name}/sources/${source}-??????"]
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = each.value
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "job" {
  for_each = local.roles

  name   = "job"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.job.json
}

resource "aws_iam_role_policy" "sources" {
  for_each = var.sources

  name   = "sources"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.sources[each.key].json
}
