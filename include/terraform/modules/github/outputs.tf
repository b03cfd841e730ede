# What the repository's variables are set to.

output "role_arns" {
  description = "Role to assume, by kind: deploy, plan; only of those that a workflow was named for."
  value       = { for role, made in aws_iam_role.this : role => made.arn }

  depends_on = [aws_iam_role_policy_attachment.this]
}

output "provider_arn" {
  description = "The account's OIDC provider for GitHub, for the next environment in the same account; null if there is none."
  value       = local.provider_arn
}
