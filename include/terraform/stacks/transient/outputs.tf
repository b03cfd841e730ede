# What the cluster is started with.

output "master_security_group_id" {
  description = "Security group of the primary node."
  value       = module.emr.security_group_ids["master"]
}

output "worker_security_group_id" {
  description = "Security group of core and task nodes."
  value       = module.emr.security_group_ids["worker"]
}

output "service_security_group_id" {
  description = "Security group that EMR itself reaches the nodes through."
  value       = module.emr.security_group_ids["service"]
}

output "security_configuration" {
  description = "Name of the EMR security configuration."
  value       = module.emr.security_configuration
}

output "key_name" {
  description = "Name of the EC2 key pair, null unless SSH was requested."
  value       = one(module.ssh[*].key_name)
}

output "key_secret_arn" {
  description = "Secret with the private SSH key, null unless SSH was requested."
  value       = one(module.ssh[*].secret_arn)
}

output "ingest_instance_id" {
  description = "EC2 instance of the ingestion host, null unless one was requested."
  value       = one(module.ingest_host[*].instance_id)
}
