# The environment's log groups, made before it: those that it makes itself keep everything for ever.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:What a run did is kept in its record in the lake; nobody needs these lines after months
  for_each = toset(["DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"])

  name              = "airflow-${var.name}-${each.value}"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}
