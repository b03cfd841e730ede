# What QuickSight's own role needs to read gold; attached to it if its name is given.

data "aws_kms_alias" "foundation" {
  name = "alias/${var.name}"
}

locals {
  here = "${var.region}:${data.aws_caller_identity.current.account_id}"
  aws  = data.aws_partition.current.partition
  lake = "arn:${local.aws}:s3:::${var.name}-lake"
}

data "aws_iam_policy_document" "quicksight" {
  statement {
    sid       = "QueryInTheWorkgroup"
    actions   = ["athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:BatchGetQueryExecution", "athena:GetWorkGroup"]
    resources = ["arn:${local.aws}:athena:${local.here}:workgroup/${var.name}"]
  }

  statement {
    sid       = "ReadTheCatalogOfGold"
    actions   = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"]
    resources = [for what in ["catalog", "database/${local.database}", "table/${local.database}/*"] : "arn:${local.aws}:glue:${local.here}:${what}"]
  }

  statement {
    sid       = "SeeGoldAndResults"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [local.lake]
  }

  statement {
    sid       = "ReadGoldAndResults"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake}/gold/*", "${local.lake}/athena/*"]
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${local.lake}/athena/*"]
  }

  statement {
    sid       = "OpenAndSealThem"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [data.aws_kms_alias.foundation.target_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "quicksight" {
  name        = "${var.name}-quicksight"
  description = "Lets QuickSight query the gold of ${var.name}"
  policy      = data.aws_iam_policy_document.quicksight.json
}

resource "aws_iam_role_policy_attachment" "quicksight" {
  count = var.quicksight_role == null ? 0 : 1

  role       = var.quicksight_role
  policy_arn = aws_iam_policy.quicksight.arn
}
