# What whoever sends it work needs to know.

output "instance_id" {
  description = "The host, as Run Command knows it."
  value       = aws_instance.this.id
}
