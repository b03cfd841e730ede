# How long each bucket keeps what: current objects by kind, old versions and broken uploads everywhere.

locals {
  # Days after which current objects go; what is not named here stays until somebody deletes it.
  expirations = {
    logs = [{ id = "expire-logs", prefix = "", days = 30 }]
    lake = [
      { id = "expire-staging", prefix = "staging/", days = 7 },
      { id = "expire-athena-results", prefix = "athena/", days = 7 },
    ]
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.lifecycle_rules ? var.kinds : []

  bucket = local.buckets[each.value].id

  dynamic "rule" {
    for_each = lookup(local.expirations, each.key, [])

    content {
      id     = rule.value.id
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      expiration {
        days = rule.value.days
      }
    }
  }

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    # Also sweeps the delete markers that terraform's lock file leaves in a versioned state bucket.
    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules about noncurrent versions mean nothing until versioning is on.
  depends_on = [aws_s3_bucket_versioning.this]
}
