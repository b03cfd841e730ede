# What people and the dashboard need to know.

output "workgroup" {
  description = "Name of the workgroup that queries run in."
  value       = module.athena.workgroup
}

output "views" {
  description = "Names of the views in the database of gold."
  value       = module.athena.views
}

output "queries" {
  description = "Id of each saved query by name."
  value       = module.athena.queries
}
