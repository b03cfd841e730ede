# What who governs may do: buckets and their backups, reading IAM, queues, the topic, logs, functions, cost and budget.

data "aws_iam_policy_document" "governance" {
  statement {
    sid = "SeeBuckets"
    actions = [
      "s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:GetBucketTagging",
      "s3:GetLifecycleConfiguration", "s3:GetEncryptionConfiguration", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
    ]
    resources = values(local.buckets)
  }

  statement {
    sid       = "KeepTheirVersions"
    actions   = ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"]
    resources = values(local.buckets)
  }

  # Every bucket keeps old versions: they are its backup. One is brought back by copying it over the newest. Artifacts are
  # left out: who writes code that the nodes run has the nodes' role.
  statement {
    sid       = "BringVersionsBack"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [for kind in ["raw", "lake"] : "${local.buckets[kind]}/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sns"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.backup_vault == null ? [] : [var.backup_vault]

    content {
      sid       = "SeeTheBackupVault"
      actions   = ["backup:DescribeBackupVault", "backup:ListRecoveryPointsByBackupVault"]
      resources = ["${local.here["backup"]}:backup-vault:${statement.value}"]
    }
  }

  # By tag and not by the name's beginning alone: `acme` is the beginning of `acme-prod` too.
  statement {
    sid       = "ReadRoles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"]
    resources = ["${local.iam}:role/${var.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "ReadPolicies"
    actions   = ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:ListEntitiesForPolicy"]
    resources = ["${local.iam}:policy/${var.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  dynamic "statement" {
    for_each = length(var.queue_arns) > 0 ? [var.queue_arns] : []

    content {
      sid = "WorkOffQueues"
      actions = [
        "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage",
        "sqs:StartMessageMoveTask",
      ]
      resources = statement.value
    }
  }

  statement {
    sid       = "KeepTheTopic"
    actions   = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Subscribe", "sns:Publish"]
    resources = ["${local.here["sns"]}:${var.name}-runs"]
  }

  dynamic "statement" {
    for_each = length(var.log_groups) > 0 ? [var.log_groups] : []

    content {
      sid = "ReadLogs"
      actions = [
        "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery", "logs:GetQueryResults",
        "logs:PutRetentionPolicy",
      ]
      resources = flatten([for group in statement.value : ["${local.here["logs"]}:log-group:${group}", "${local.here["logs"]}:log-group:${group}:*"]])
    }
  }

  dynamic "statement" {
    for_each = length(var.functions) > 0 ? [var.functions] : []

    content {
      sid       = "CallFunctions"
      actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
      resources = [for function in statement.value : "${local.here["lambda"]}:function:${function}"]
    }
  }

  statement {
    sid       = "KeepTheBudget"
    actions   = ["budgets:ViewBudget", "budgets:ModifyBudget"]
    resources = ["arn:${local.partition}:budgets::${local.account}:budget/${var.name}-monthly"]
  }

  statement {
    sid = "LookAround"
    actions = [
      "s3:ListAllMyBuckets", "iam:ListRoles", "iam:ListUsers", "iam:ListPolicies", "iam:GetAccountSummary", "sqs:ListQueues",
      "sns:ListTopics", "logs:DescribeLogGroups", "lambda:ListFunctions", "backup:ListBackupVaults", "backup:ListBackupJobs",
      "ce:GetCostAndUsage", "ce:GetCostForecast", "ce:GetDimensionValues", "ce:GetTags",
    ]
    resources = ["*"] # lists and cost know no resource
  }
}
