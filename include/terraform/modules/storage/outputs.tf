# How others find the buckets.

output "buckets" {
  description = "Bucket name by kind."
  value       = { for kind, bucket in local.buckets : kind => bucket.bucket }

  # Whoever reads a name may write at once, and what is written must already be encrypted and private.
  depends_on = [
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
  ]
}

output "bucket_arns" {
  description = "Bucket ARN by kind."
  value       = { for kind, bucket in local.buckets : kind => bucket.arn }
}
