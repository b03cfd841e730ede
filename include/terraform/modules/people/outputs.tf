# How people find their way in.

output "role_arns" {
  description = "Role to assume, by kind: governance, reader; only of those that somebody may assume."
  value       = { for role, made in aws_iam_role.this : role => made.arn }

  depends_on = [aws_iam_role_policy_attachment.this]
}

output "boundary_arn" {
  description = "Policy that bounds every role and user of this module."
  value       = aws_iam_policy.boundary.arn
}

output "user_names" {
  description = "IAM user name by the name that was given."
  value       = { for user, made in aws_iam_user.this : user => made.name }
}
