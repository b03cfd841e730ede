# The names and ARNs of the secrets.

output "arns" {
  description = "Secret ARN by name below <name>/."
  value       = { for secret, made in aws_secretsmanager_secret.this : secret => made.arn }
}
