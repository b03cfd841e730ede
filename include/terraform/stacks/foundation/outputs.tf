# What a night needs to know of the foundation.

output "buckets" {
  description = "Bucket name by kind: raw, lake, artifacts, logs."
  value       = module.storage.buckets
}

output "vpc_id" {
  description = "VPC that clusters start in."
  value       = module.network.vpc_id
}

output "subnet_ids" {
  description = "Private subnets, one a zone."
  value       = module.network.subnet_ids
}

output "public_subnet_id" {
  description = "Public subnet, for a run's ingestion host."
  value       = module.network.public_subnet_id
}

output "topic_arn" {
  description = "Topic that nights report to."
  value       = module.notifications.topic_arn
}

output "emr_service_role_arn" {
  description = "Role that EMR works under."
  value       = module.iam.emr_service_role_arn
}

output "emr_instance_profile_arn" {
  description = "Instance profile of a cluster's nodes that open no source."
  value       = module.iam.emr_instance_profile_arn
}

output "emr_source_profile_arns" {
  description = "Instance profile of a cluster's nodes by pipeline, of those whose steps open sources."
  value       = module.iam.emr_source_profile_arns
}

output "serverless_job_role_arn" {
  description = "Role of EMR Serverless jobs that open no source."
  value       = module.compute_serverless.job_role_arn
}

output "serverless_source_role_arns" {
  description = "Role of an EMR Serverless job by pipeline, of those whose jobs open sources."
  value       = module.compute_serverless.source_role_arns
}

output "glue_job_role_arn" {
  description = "Role of Glue jobs that open no source."
  value       = module.compute_glue.job_role_arn
}

output "glue_source_role_arns" {
  description = "Role of a Glue job by pipeline, of those whose jobs open sources."
  value       = module.compute_glue.source_role_arns
}

output "kubernetes_job_role_arn" {
  description = "Role of pods on Kubernetes whose jobs open no source."
  value       = module.compute_kubernetes.job_role_arn
}

output "kubernetes_source_role_arns" {
  description = "Role of a job's pods on Kubernetes by pipeline, of those whose jobs open sources."
  value       = module.compute_kubernetes.source_role_arns
}

output "ingest_instance_profiles" {
  description = "Name of the instance profile of an ingestion host by pipeline."
  value       = module.iam.ingest_instance_profiles
}

output "airflow_role_arn" {
  description = "Role that Airflow works under."
  value       = module.iam.airflow_role_arn
}

output "kms_key_arn" {
  description = "Key that everything is encrypted with."
  value       = local.key.arn
}

output "databases" {
  description = "Glue database name by layer: bronze, silver, gold."
  value       = module.catalog.databases
}
