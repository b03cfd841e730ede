# What Amazon MWAA asks of any execution role (user guide, "Amazon MWAA execution role"); idle elsewhere.

data "aws_iam_policy_document" "airflow_mwaa" {
  statement {
    sid       = "TellItIsAlive"
    actions   = ["airflow:PublishMetrics"]
    resources = ["${local.here["airflow"]}:environment/${var.name}*"]
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
    resources = ["${local.here["logs"]}:log-group:airflow-${var.name}*"]
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
    sid           = "EncryptTheQueue"
    actions       = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt"]
    not_resources = ["arn:${local.partition}:kms:*:${local.account}:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.amazonaws.com"]
    }
  }
}
