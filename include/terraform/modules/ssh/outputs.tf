# What the cluster and the person who logs in need to know.

output "key_name" {
  description = "Name of the EC2 key pair."
  value       = aws_key_pair.this.key_name
}

output "secret_arn" {
  description = "Secret with the private key."
  value       = aws_secretsmanager_secret.this.arn
}
