# What Amazon MWAA requires of any execution role (user guide, "Amazon MWAA execution role"); idle elsewhere.

locals {
  # By their whole names: `airflow-<name>-*` would be those of `<name>-2` too.
  log_groups = [for part in ["DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"] : "${local.here["logs"]}:log-group:airflow-${var.name}-${part}"]
}

data "aws_iam_policy_document" "airflow_mwaa" {
  statement {
    sid       = "ReportItIsAlive"
    actions   = ["airflow:PublishMetrics"]
    resources = ["${local.here["airflow"]}:environment/${var.name}"]
  }

  # The guide says s3:GetObject*, s3:GetBucket* and s3:List*, and not which of them. What nights may do is not said again
  # (airflow_night.tf, airflow_terraform.tf); here is what else speaks of a bundle, its versions and its bucket.
  statement {
    sid       = "LookAtTheBundlesBucket"
    actions   = ["s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketPolicyStatus"]
    resources = [var.bucket_arns["artifacts"]]
  }

  statement {
    sid       = "ReadTheBundlesVersions"
    actions   = ["s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
    resources = ["${var.bucket_arns["artifacts"]}/*"]
  }

  statement {
    sid       = "ProveBucketsArePrivate"
    actions   = ["s3:GetAccountPublicAccessBlock"]
    resources = ["*"] # the setting belongs to the account
  }

  statement {
    sid = "WriteTaskLogs"
    actions = [
      "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:GetLogEvents", "logs:GetLogRecord",
      "logs:GetLogGroupFields", "logs:GetQueryResults",
    ]
    resources = flatten([for group in local.log_groups : [group, "${group}:*"]])
  }

  statement {
    sid       = "FindLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["*"] # a listing: MWAA calls it without a prefix
  }

  statement {
    sid       = "Measure"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # knows no resource, so the namespace binds it

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AmazonMWAA"]
    }
  }

  # The queue between scheduler and workers lives in an account of AWS's own.
  statement {
    sid = "QueueTasks"
    actions = [
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]
    resources = ["arn:${local.partition}:sqs:${var.region}:*:airflow-celery-*"]
  }

  statement {
    sid       = "EncryptTheQueue"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.amazonaws.com"]
    }
  }
}
