# What terraform needs each night: its states, and to compare the foundation with its files.
#
# All of the foundation is read only. Its owner changes it (an operator, GitHub's deploy role); a night that finds a
# difference stops at apply_foundation and says so (docs/decisions/0031-the-foundation-has-an-owner.md).

locals {
  databases_arn = "${local.here["glue"]}:database/${local.database_prefix}_*"
  iam_arn       = "arn:${local.partition}:iam::${local.account}"
}

data "aws_iam_policy_document" "airflow_terraform" {
  statement {
    sid       = "SeeTheStateBucket"
    actions   = ["s3:ListBucket"]
    resources = [var.state_bucket_arn]
  }

  # With the foundation's state its owner could be made to destroy what a night put into it.
  statement {
    sid       = "ReadTheFoundationsState"
    actions   = ["s3:GetObject"]
    resources = [for key in ["foundation.tfstate", "foundation.tfstate.tflock"] : "${var.state_bucket_arn}/${key}"]
  }

  statement {
    sid       = "KeepState"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for key in ["foundation.applied.json", "drift.json", "transient/*"] : "${var.state_bucket_arn}/${key}"]
  }

  # Locks, and a run's state once nothing is left in it.
  statement {
    sid       = "ReleaseLocks"
    actions   = ["s3:DeleteObject"]
    resources = ["${var.state_bucket_arn}/transient/*"]
  }

  statement {
    sid = "ReadBucketSettings"
    actions = [
      "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
      "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
      "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
    ]
    resources = values(var.bucket_arns)
  }

  statement {
    sid       = "ReadTheTopic"
    actions   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
    resources = [var.topic_arn]
  }

  statement {
    sid       = "ReadSubscriptions"
    actions   = ["sns:GetSubscriptionAttributes"]
    resources = ["*"] # SNS has no resource type for subscriptions
  }

  statement {
    sid       = "ReadDatabases"
    actions   = ["glue:GetDatabase"]
    resources = ["${local.here["glue"]}:catalog", local.databases_arn]
  }

  statement {
    sid       = "ReadTheirTags"
    actions   = ["glue:GetTags"]
    resources = [local.databases_arn]
  }

  statement {
    sid       = "ReadTheKey"
    actions   = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid       = "ReadRoles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"]
    resources = ["${local.iam_arn}:role/${var.name}-*"]
  }

  statement {
    sid       = "ReadPolicies"
    actions   = ["iam:GetPolicy", "iam:GetPolicyVersion"]
    resources = ["${local.iam_arn}:policy/${var.name}-*"]
  }

  statement {
    sid       = "ReadInstanceProfiles"
    actions   = ["iam:GetInstanceProfile"]
    resources = ["${local.iam_arn}:instance-profile/${var.name}-*"]
  }

  statement {
    sid       = "ReadTheNetwork"
    actions   = ["ec2:DescribeVpcAttribute"]
    resources = ["${local.here["ec2"]}:vpc/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid = "LookAround"
    actions = [
      "kms:ListAliases", "ec2:DescribeAvailabilityZones", "ec2:DescribeVpcs", "ec2:DescribeSubnets",
      "ec2:DescribeRouteTables", "ec2:DescribeNetworkAcls", "ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists",
      "ec2:DescribeInternetGateways", "ec2:DescribeNatGateways", "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules",
      "ec2:DescribeKeyPairs", "ec2:DescribeInstances", "secretsmanager:ListSecrets", "cloudtrail:LookupEvents",
    ]
    resources = ["*"] # listing and describing know no resource
  }
}
