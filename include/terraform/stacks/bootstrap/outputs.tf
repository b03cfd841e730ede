# What the other stacks' backends are completed with.

output "state_bucket" {
  description = "Bucket for -backend-config=bucket=."
  value       = module.storage.buckets["state"]
}
