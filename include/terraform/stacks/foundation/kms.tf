# The one key that buckets, topic, secrets and the nodes' disks are encrypted with.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_kms_key" "this" {
  description             = "Data, messages and disks of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
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
      # CloudWatch Logs asks by itself, for MWAA's log groups (its User Guide, "Encrypt log data using AWS KMS").
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

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
