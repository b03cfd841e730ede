# The one key that buckets, topic, secrets and the nodes' disks are encrypted with.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "key" {
  # AWS's default: the account's IAM policies decide. Without it nobody could ever change this policy again.
  statement {
    sid       = "LetIamDecide"
    actions   = ["kms:*"]
    resources = ["*"] # in a key policy this means the key itself

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Data, messages and disks of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
