# What the other stacks' backends are completed with.

output "state_bucket" {
  description = "Bucket for -backend-config=bucket=."
  value       = module.storage.buckets["state"]
}

output "github_role_arns" {
  description = "Roles of GitHub Actions by kind: deploy, plan; empty unless workflows were named."
  value       = module.github.role_arns
}

output "github_provider_arn" {
  description = "The account's OIDC provider for GitHub; null unless workflows were named."
  value       = module.github.provider_arn
}
