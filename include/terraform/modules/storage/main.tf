# Buckets, each versioned, encrypted, private, TLS-only and owned by this account alone.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logs of a KMS-encrypted bucket need a bucket of their own under another key. Who wants them has CloudTrail's data events for the account
  #checkov:skip=CKV_AWS_144:Raw files come from units that keep them and all else is made again from them; a second region would double the bill
  #checkov:skip=CKV2_AWS_62:Nothing listens for events. A run polls for its input when it is due
  #checkov:skip=CKV_AWS_21:Versioned below by way of local.buckets, which checkov does not follow; tests/storage.tftest.hcl reads it back
  #checkov:skip=CKV_AWS_145:Likewise encrypted with the key
  #checkov:skip=CKV2_AWS_6:Likewise closed to the public
  #checkov:skip=CKV2_AWS_61:Likewise in lifecycle.tf
  for_each = var.prevent_destroy ? var.kinds : []

  bucket        = "${var.name}-${each.value}"
  force_destroy = var.force_destroy

  lifecycle {
    prevent_destroy = true
  }
}

# The same without the guard: terraform takes no variable for it (docs/decisions/0032-what-holds-data-is-not-destroyed.md).
resource "aws_s3_bucket" "disposable" {
  #checkov:skip=CKV_AWS_18:As above
  #checkov:skip=CKV_AWS_144:As above
  #checkov:skip=CKV2_AWS_62:As above
  #checkov:skip=CKV_AWS_21:As above
  #checkov:skip=CKV_AWS_145:As above
  #checkov:skip=CKV2_AWS_6:As above
  #checkov:skip=CKV2_AWS_61:As above
  for_each = var.prevent_destroy ? [] : var.kinds

  bucket        = "${var.name}-${each.value}"
  force_destroy = var.force_destroy
}

locals {
  buckets = merge(aws_s3_bucket.this, aws_s3_bucket.disposable)
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = var.kinds

  bucket = local.buckets[each.value].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.kinds

  bucket = local.buckets[each.value].id

  rule {
    # A bucket key calls KMS once for many objects, not once for each: Spark writes thousands.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = var.kinds

  bucket                  = local.buckets[each.value].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = var.kinds

  bucket = local.buckets[each.value].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

data "aws_iam_policy_document" "this" {
  for_each = var.kinds

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.buckets[each.value].arn, "${local.buckets[each.value].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.kinds

  bucket = local.buckets[each.value].id
  policy = data.aws_iam_policy_document.this[each.key].json

  # AWS refuses to change both at the same moment (OperationAborted), so the lock goes on first.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
