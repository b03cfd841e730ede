# What who reads and runs may do: the lake and its catalog, and the tasks that were named.

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "SeeTheLake"
    actions   = ["s3:ListBucket"]
    resources = [local.buckets["lake"]]
  }

  statement {
    sid       = "ReadTheLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.buckets["lake"]}/*"]
  }

  statement {
    sid       = "OpenTheLake"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "ReadTheCatalog"
    actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions"]
    resources = concat(
      ["${local.here["glue"]}:catalog"],
      flatten([for database in local.databases : ["${local.here["glue"]}:database/${database}", "${local.here["glue"]}:table/${database}/*"]]),
    )
  }

  statement {
    sid = "QueryInTheWorkgroup"
    actions = [
      "athena:GetWorkGroup", "athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution",
      "athena:GetQueryResults", "athena:ListQueryExecutions", "athena:GetNamedQuery", "athena:BatchGetNamedQuery", "athena:ListNamedQueries",
    ]
    resources = ["${local.here["athena"]}:workgroup/${var.name}"]
  }

  # Athena reads the location and writes a query's result with its caller's rights.
  statement {
    sid       = "FindTheResultsPlace"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.buckets["lake"]]
  }

  statement {
    sid       = "KeepResults"
    actions   = ["s3:PutObject"]
    resources = ["${local.buckets["lake"]}/athena/*"]
  }

  statement {
    sid       = "SealResults"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.tasks[*]

    content {
      sid       = "RunNamedTasks"
      actions   = ["ecs:RunTask"]
      resources = [for family in statement.value.families : "${local.here["ecs"]}:task-definition/${family}:*"]

      condition {
        test     = "ArnEquals"
        variable = "ecs:cluster"
        values   = ["${local.here["ecs"]}:cluster/${statement.value.cluster}"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.tasks[*]

    content {
      sid       = "FollowThem"
      actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
      resources = ["${local.here["ecs"]}:task/${statement.value.cluster}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.tasks[*]

    content {
      sid       = "HandThemTheirRoles"
      actions   = ["iam:PassRole"]
      resources = statement.value.role_arns

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["ecs-tasks.amazonaws.com"]
      }
    }
  }
}
