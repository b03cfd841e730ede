# What a night does at AWS itself: files, clusters, catalog, report.

locals {
  cluster_arn = "${local.here["elasticmapreduce"]}:cluster/*"

  # Athena accepts no dash in a database name, so the databases' prefix has none.
  database_prefix = replace(var.name, "-", "_")
  catalog_arns = [
    "${local.here["glue"]}:catalog",
    "${local.here["glue"]}:database/${local.database_prefix}_*",
    "${local.here["glue"]}:table/${local.database_prefix}_*/*",
  ]
}

data "aws_iam_policy_document" "airflow_night" {
  statement {
    sid       = "SeeBuckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = values(var.bucket_arns)
  }

  statement {
    sid       = "ReadEverything"
    actions   = ["s3:GetObject"]
    resources = [for arn in values(var.bucket_arns) : "${arn}/*"]
  }

  # Jobs and certificates; the ledger, publishing and pruning. Raw belongs to who delivers it, logs to EMR.
  statement {
    sid       = "WriteLakeAndArtifacts"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [for kind in ["lake", "artifacts"] : "${var.bucket_arns[kind]}/*"]
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
    actions   = ["elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags"]
    resources = ["*"] # RunJobFlow knows no resource: the cluster does not exist yet. The tag binds it.

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid = "RunClustersOfThisName"
    actions = [
      "elasticmapreduce:DescribeCluster", "elasticmapreduce:DescribeStep", "elasticmapreduce:ListSteps",
      "elasticmapreduce:ListInstances", "elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ListInstanceGroups",
      "elasticmapreduce:ListBootstrapActions", "elasticmapreduce:AddJobFlowSteps", "elasticmapreduce:CancelSteps",
      "elasticmapreduce:TerminateJobFlows", "elasticmapreduce:SetTerminationProtection",
      "elasticmapreduce:GetAutoTerminationPolicy", "elasticmapreduce:PutAutoTerminationPolicy",
      "elasticmapreduce:GetManagedScalingPolicy", "elasticmapreduce:PutManagedScalingPolicy",
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
    actions   = ["elasticmapreduce:ListClusters", "tag:GetResources", "sts:GetCallerIdentity"]
    resources = ["*"] # none of the three knows a resource
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
    resources = [local.role_arns["emr-instance"]]

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
    sid = "KeepTheCatalog"
    actions = [
      "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable",
      "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:CreatePartition", "glue:BatchCreatePartition",
      "glue:UpdatePartition", "glue:DeletePartition", "glue:BatchDeletePartition",
    ]
    resources = local.catalog_arns
  }
}
