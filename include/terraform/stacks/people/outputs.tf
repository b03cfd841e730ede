# What people and an operator need to know.

output "role_arns" {
  description = "Role to assume, by kind: governance, reader."
  value       = module.people.role_arns
}

output "boundary_arn" {
  description = "Policy that bounds every role and user of this stack."
  value       = module.people.boundary_arn
}

output "user_names" {
  description = "IAM user name by the name that was given."
  value       = module.people.user_names
}

output "secret_arns" {
  description = "Secret ARN by name below <name>/."
  value       = module.secrets.arns
}

output "budget_name" {
  description = "Name of the monthly budget, null if none was requested."
  value       = one(module.budget[*].budget_name)
}
