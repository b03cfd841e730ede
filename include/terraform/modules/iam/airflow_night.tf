# What a night does at AWS itself: files, clusters, catalog, report.

locals {
  cluster_arn = "${local.here["elasticmapreduce"]}:cluster/*"

  # Athena accepts no dash in a database name, so the databases' prefix has none.
  database_prefix = replace(var.name, "-", "_")
}

data "aws_iam_policy_document" "airflow_night" {
  # Also what makes S3 say that an object is not there, instead of that it may not be read.
  statement {
    sid       = "SeeBuckets"
    actions   = ["s3:ListBucket"]
    resources = values(var.bucket_arns)
  }

  # Raw is the cluster's to read: a night looks whether its files have come, and at their headers.
  statement {
    sid       = "ReadHeaders"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["raw"]}/*"]
  }

  statement {
    sid       = "ReadWhatANightMade"
    actions   = ["s3:GetObject"]
    resources = [for kind in ["lake", "artifacts", "logs"] : "${var.bucket_arns[kind]}/*"]
  }

  # The ledger, certificates, publishing and pruning.
  statement {
    sid       = "WriteTheLake"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["lake"]}/*"]
  }

  statement {
    sid       = "PublishJobs"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["artifacts"]}/jobs/*", "${var.bucket_arns["artifacts"]}/jdbc/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sns", "secretsmanager"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "StartClustersOfThisName"
    actions   = ["elasticmapreduce:RunJobFlow"]
    resources = ["*"] # RunJobFlow knows no resource: the cluster does not exist yet. The tag binds it.

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # Checked with RunJobFlow, for tags and an idle limit in its request.
  statement {
    sid       = "EquipThemAtBirth"
    actions   = ["elasticmapreduce:AddTags", "elasticmapreduce:PutAutoTerminationPolicy"]
    resources = [local.cluster_arn]

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # PutAutoTerminationPolicy again: AWS does not say whether the tags in RunJobFlow's request count for it.
  statement {
    sid = "RunClustersOfThisName"
    actions = [
      "elasticmapreduce:DescribeCluster", "elasticmapreduce:DescribeStep", "elasticmapreduce:ListSteps",
      "elasticmapreduce:ListInstances", "elasticmapreduce:CancelSteps",
      "elasticmapreduce:AddJobFlowSteps", "elasticmapreduce:TerminateJobFlows", "elasticmapreduce:SetTerminationProtection",
      "elasticmapreduce:PutAutoTerminationPolicy",
    ]
    resources = [local.cluster_arn]

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "FindWhatIsAlive"
    actions   = ["elasticmapreduce:ListClusters"]
    resources = ["*"] # knows no resource
  }

  statement {
    sid       = "PriceSpot"
    actions   = ["ec2:DescribeSpotPriceHistory"]
    resources = ["*"] # knows no resource
  }

  statement {
    sid       = "HandEmrItsRole"
    actions   = ["iam:PassRole"]
    resources = [local.role_arns["emr-service"]]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["elasticmapreduce.amazonaws.com"]
    }
  }

  statement {
    sid       = "HandNodesTheirRole"
    actions   = ["iam:PassRole"]
    resources = [for role in local.node_roles : local.role_arns[role]]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }

  # EMR makes this role the first time an account starts a cluster; it sweeps what a dead cluster left.
  statement {
    sid       = "LetEmrCleanUp"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/elasticmapreduce.amazonaws.com/AWSServiceRoleForEMRCleanup"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["elasticmapreduce.amazonaws.com"]
    }
  }

  statement {
    sid       = "Report"
    actions   = ["sns:Publish"]
    resources = [var.topic_arn]
  }

  statement {
    sid     = "KeepTheCatalog"
    actions = ["glue:CreateTable", "glue:UpdateTable", "glue:CreatePartition", "glue:UpdatePartition"]
    resources = [
      "${local.here["glue"]}:catalog",
      "${local.here["glue"]}:database/${local.database_prefix}_gold",
      "${local.here["glue"]}:table/${local.database_prefix}_gold/*",
    ]
  }
}
