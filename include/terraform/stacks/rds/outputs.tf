# What seeds the database, and what reads it.

output "url" {
  description = "The database as `./nightshift seed-source --url` takes it; its password is in the secret."
  value       = "${var.engine == "mysql" ? "mysql" : "postgresql"}://${var.username}@${aws_db_instance.this.address}:${aws_db_instance.this.port}/${var.database}"
}

output "secret" {
  description = "Name of the secret with address and password."
  value       = aws_secretsmanager_secret.this.name
}

output "security_group_id" {
  description = "The database's security group."
  value       = aws_security_group.this.id
}
