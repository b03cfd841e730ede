# What EMR itself may do beyond AWS's managed policy, and what a cluster's nodes may do.

data "aws_iam_policy_document" "emr_service" {
  # The managed policy passes EMR_EC2_DefaultRole only.
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

  statement {
    sid       = "EncryptVolumes"
    actions   = ["kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid       = "GrantTheKeyToVolumes"
    actions   = ["kms:CreateGrant"]
    resources = [var.kms_key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

data "aws_iam_policy_document" "emr_instance" {
  statement {
    sid       = "SeeBuckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [for kind in ["raw", "lake", "artifacts"] : var.bucket_arns[kind]]
  }

  statement {
    sid       = "ReadInputAndCode"
    actions   = ["s3:GetObject"]
    resources = [for kind in ["raw", "lake", "artifacts"] : "${var.bucket_arns[kind]}/*"]
  }

  statement {
    sid       = "WriteTheLake"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.bucket_arns["lake"]}/*"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["logs"]}/emr/*"]
  }

  # The time limit (include/emr/time_limit.sh) ends the node's own cluster; AWS knows no condition for "its own".
  statement {
    sid       = "EndClustersOfThisName"
    actions   = ["elasticmapreduce:TerminateJobFlows"]
    resources = [local.cluster_arn]

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  # S3 objects, the TLS certificates' zip and the nodes' own disks.
  statement {
    sid       = "UseTheKey"
    actions   = ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = [var.kms_key_arn]
  }
}
