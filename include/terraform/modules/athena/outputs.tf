# How others find the workgroup and what it queries.

output "workgroup" {
  description = "Name of the workgroup."
  value       = aws_athena_workgroup.this.name
}

output "views" {
  description = "Names of the views in the database of gold."
  value       = sort(keys(aws_glue_catalog_table.view))
}

output "queries" {
  description = "Id of each saved query by name."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}
