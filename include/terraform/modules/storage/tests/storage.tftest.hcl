# Every bucket is versioned, encrypted, private and TLS-only; what is temporary expires.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  name        = "acme-nightshift-test"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

  prevent_destroy = false # a test destroys what it made
}

run "each_kind_has_its_bucket" {
  command = plan

  assert {
    condition     = { for kind, b in local.buckets : kind => b.bucket } == { for kind in ["raw", "lake", "artifacts", "logs"] : kind => "acme-nightshift-test-${kind}" }
    error_message = "Buckets are called <name>-<kind>."
  }

  assert {
    condition     = alltrue([for b in local.buckets : !b.force_destroy])
    error_message = "Data is never destroyed unless asked."
  }
}

run "every_bucket_is_locked_down" {
  assert {
    condition     = alltrue([for p in aws_s3_bucket_public_access_block.this : p.block_public_acls && p.block_public_policy && p.ignore_public_acls && p.restrict_public_buckets])
    error_message = "Public access must be blocked in all four ways."
  }

  assert {
    condition     = alltrue([for v in aws_s3_bucket_versioning.this : v.versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket keeps versions."
  }

  assert {
    condition     = alltrue([for o in aws_s3_bucket_ownership_controls.this : o.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "Objects belong to the bucket's owner."
  }

  assert {
    condition = alltrue([for kind in ["raw", "lake", "artifacts", "logs"] : alltrue([for resource in [
      aws_s3_bucket_public_access_block.this, aws_s3_bucket_versioning.this, aws_s3_bucket_ownership_controls.this,
      aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_policy.this, aws_s3_bucket_lifecycle_configuration.this,
    ] : contains(keys(resource), kind)])])
    error_message = "No bucket may be left out."
  }
}

run "objects_are_encrypted_with_the_key_given" {
  command = plan

  assert {
    condition = alltrue([for s in aws_s3_bucket_server_side_encryption_configuration.this : alltrue([for r in s.rule :
      r.bucket_key_enabled && r.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && r.apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn
    ])])
    error_message = "SSE-KMS with this key and a bucket key."
  }
}

run "plain_http_is_denied" {
  assert {
    condition = alltrue([for kind, d in data.aws_iam_policy_document.this :
      d.statement[0].effect == "Deny" && d.statement[0].actions == toset(["s3:*"])
      && d.statement[0].resources == toset([local.buckets[kind].arn, "${local.buckets[kind].arn}/*"])
      && one(d.statement[0].condition).variable == "aws:SecureTransport" && one(d.statement[0].condition).values == tolist(["false"])
    ])
    error_message = "Each bucket's policy must deny requests without TLS."
  }
}

run "logs_go_after_30_days_and_staging_after_7" {
  command = plan

  assert {
    condition     = [for r in aws_s3_bucket_lifecycle_configuration.this["logs"].rule : r.expiration[0].days if r.id == "expire-logs"] == [30]
    error_message = "Logs are kept 30 days."
  }

  assert {
    condition     = [for r in aws_s3_bucket_lifecycle_configuration.this["lake"].rule : [r.filter[0].prefix, r.expiration[0].days] if r.id == "expire-staging"] == [["staging/", 7]]
    error_message = "Only staging/ expires in the lake, after 7 days."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this["raw"].rule) == 1 && length(aws_s3_bucket_lifecycle_configuration.this["artifacts"].rule) == 1
    error_message = "Input and code never expire by themselves."
  }
}

run "expiry_can_be_left_out_where_nothing_lives_long" {
  command = plan

  variables {
    lifecycle_rules = false
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "lifecycle_rules = false makes no rule."
  }
}

run "the_state_bucket_does_without_a_key_of_ours" {
  command = plan

  variables {
    kinds       = ["state"]
    kms_key_arn = null
  }

  assert {
    condition     = keys(local.buckets) == ["state"] && one(aws_s3_bucket_server_side_encryption_configuration.this["state"].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "The state bucket is made before any key, and is encrypted all the same."
  }
}

run "old_versions_and_broken_uploads_go_everywhere" {
  command = plan

  assert {
    condition     = alltrue([for l in aws_s3_bucket_lifecycle_configuration.this : [for r in l.rule : r.noncurrent_version_expiration[0].noncurrent_days if r.id == "tidy"] == [30]])
    error_message = "Each bucket drops old versions after 30 days."
  }

  assert {
    condition     = alltrue([for l in aws_s3_bucket_lifecycle_configuration.this : [for r in l.rule : r.abort_incomplete_multipart_upload[0].days_after_initiation if r.id == "tidy"] == [7]])
    error_message = "Each bucket drops broken uploads after 7 days."
  }
}

run "an_unknown_kind_and_an_alias_for_a_key_are_refused" {
  command         = plan
  expect_failures = [var.kinds, var.kms_key_arn, var.noncurrent_days]

  variables {
    kinds           = ["lake", "swamp"]
    kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:alias/acme"
    noncurrent_days = 0
  }
}

run "every_bucket_is_guarded_unless_it_was_made_to_be_thrown_away" {
  command = plan

  variables {
    prevent_destroy = true
  }

  assert {
    condition     = keys(aws_s3_bucket.this) == ["artifacts", "lake", "logs", "raw"] && length(aws_s3_bucket.disposable) == 0
    error_message = "aws_s3_bucket.this is the one with prevent_destroy."
  }
}
