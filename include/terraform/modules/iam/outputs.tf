# The roles, handed out only once they can do their work.

output "emr_service_role_arn" {
  description = "Role that EMR works under."
  value       = aws_iam_role.this["emr-service"].arn

  # A cluster started with a role that has no policy yet dies with VALIDATION_ERROR.
  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy_attachment.emr_service]
}

output "emr_instance_profile_arn" {
  description = "Instance profile of a cluster's nodes that open no source."
  value       = aws_iam_instance_profile.this["emr-instance"].arn

  depends_on = [aws_iam_role_policy.this]
}

output "emr_source_profile_arns" {
  description = "Instance profile of a cluster's nodes by pipeline, of those whose steps open sources."
  value       = { for pipeline, _ in var.sources.clusters : pipeline => aws_iam_instance_profile.this["emr-instance-${pipeline}"].arn }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.sources]
}

output "ingest_instance_profiles" {
  description = "Name of the instance profile of an ingestion host by pipeline."
  value       = { for pipeline, _ in var.sources.hosts : pipeline => aws_iam_instance_profile.this["ingest-host-${pipeline}"].name }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.sources]
}

output "airflow_role_arn" {
  description = "Role that Airflow works under; fit to be an MWAA execution role."
  value       = aws_iam_role.this["airflow"].arn

  depends_on = [aws_iam_role_policy_attachment.airflow]
}
