# The roles, handed out only once they can do their work.

output "job_role_arn" {
  description = "Role of jobs that open no source."
  value       = aws_iam_role.this[""].arn

  depends_on = [aws_iam_role_policy.job]
}

output "source_role_arns" {
  description = "Role of a job by pipeline, of those whose jobs open sources."
  value       = { for pipeline, _ in var.sources : pipeline => aws_iam_role.this[pipeline].arn }

  depends_on = [aws_iam_role_policy.job, aws_iam_role_policy.sources]
}
