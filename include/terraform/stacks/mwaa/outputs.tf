# Where the operators go.

output "arn" {
  description = "The environment."
  value       = module.mwaa.arn
}

output "webserver_url" {
  description = "Host name of Airflow's UI."
  value       = module.mwaa.webserver_url
}

output "security_group_id" {
  description = "Security group of Airflow's containers, for what they are to reach inside the VPC."
  value       = module.mwaa.security_group_id
}
