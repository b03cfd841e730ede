# How others find the databases.

output "databases" {
  description = "Database name by layer."
  value       = { for layer, database in aws_glue_catalog_database.this : layer => database.name }
}
