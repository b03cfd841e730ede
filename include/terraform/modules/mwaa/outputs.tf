# Where the operators go.

output "arn" {
  description = "The environment."
  value       = aws_mwaa_environment.this.arn
}

output "webserver_url" {
  description = "Host name of Airflow's UI."
  value       = aws_mwaa_environment.this.webserver_url
}

output "security_group_id" {
  description = "Security group of Airflow's containers, for what they are to reach inside the VPC."
  value       = aws_security_group.this.id
}
