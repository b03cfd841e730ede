# The one key that buckets, topic, secrets and the nodes' disks are encrypted with.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  key = one(concat(aws_kms_key.this, aws_kms_key.disposable))

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # AWS's default: the account's IAM policies decide. Without it nobody could ever change this policy again.
      {
        Sid       = "LetIamDecide"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*" # in a key policy this means the key itself
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
      },
      # CloudWatch Logs uses the key itself, for MWAA's log groups (its User Guide, "Encrypt log data using AWS KMS").
      {
        Sid       = "EncryptAirflowsLogs"
        Effect    = "Allow"
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
        Resource  = "*"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${data.aws_partition.current.partition}:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:airflow-${var.name}-*" }
        }
      },
    ]
  })
}

resource "aws_kms_key" "this" {
  count = var.prevent_destroy ? 1 : 0

  description             = "Data, messages and disks of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy

  lifecycle {
    prevent_destroy = true
  }
}

# The same without the guard: terraform takes no variable for it (docs/decisions/0032-what-holds-data-is-not-destroyed.md).
resource "aws_kms_key" "disposable" {
  count = var.prevent_destroy ? 0 : 1

  description             = "Data, messages and disks of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = local.key.key_id
}
