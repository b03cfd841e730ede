# What a plan reads, and nothing is changed by: the states, and what the foundation holds. What exists only after the
# foundation (its key, its roles) is looked up by its tag.

data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "SeeTheStateBucket"
    actions   = ["s3:ListBucket"]
    resources = [local.buckets["state"]]
  }

  statement {
    sid       = "ReadStates"
    actions   = ["s3:GetObject"]
    resources = [for state in var.states : "${local.buckets["state"]}/${state}"]
  }

  statement {
    sid = "ReadBucketSettings"
    actions = [
      "s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
      "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
      "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
    ]
    resources = [for kind in ["raw", "lake", "artifacts", "logs"] : local.buckets[kind]]
  }

  statement {
    sid       = "ReadTheTopic"
    actions   = ["sns:GetTopicAttributes", "sns:ListTagsForResource"]
    resources = ["${local.here["sns"]}:${var.name}-runs"]
  }

  statement {
    sid       = "ReadSubscriptions"
    actions   = ["sns:GetSubscriptionAttributes"]
    resources = ["*"] # SNS has no resource type for subscriptions
  }

  statement {
    sid       = "ReadDatabases"
    actions   = ["glue:GetDatabase"]
    resources = concat(["${local.here["glue"]}:catalog"], local.databases)
  }

  statement {
    sid       = "ReadTheirTags"
    actions   = ["glue:GetTags"]
    resources = local.databases
  }

  statement {
    sid       = "ReadTheKey"
    actions   = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
    resources = ["${local.here["kms"]}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  # By tag and not by the name's beginning alone: `acme` is the beginning of `acme-prod` too.
  statement {
    sid = "ReadRoles"
    actions = [
      "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetPolicy",
      "iam:GetPolicyVersion", "iam:GetInstanceProfile",
    ]
    resources = [for kind in ["role", "policy", "instance-profile"] : "${local.iam}:${kind}/${var.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
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
    sid       = "SeeAirflow"
    actions   = ["airflow:GetEnvironment"]
    resources = ["${local.here["airflow"]}:environment/${var.name}"]
  }

  statement {
    sid       = "ReadAirflowsLogGroups"
    actions   = ["logs:ListTagsForResource"]
    resources = local.log_groups
  }

  statement {
    sid = "LookAround"
    actions = [
      "kms:ListAliases", "logs:DescribeLogGroups", "ec2:DescribeAvailabilityZones", "ec2:DescribeVpcs", "ec2:DescribeSubnets",
      "ec2:DescribeRouteTables", "ec2:DescribeNetworkAcls", "ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists",
      "ec2:DescribeInternetGateways", "ec2:DescribeNatGateways", "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules",
    ]
    resources = ["*"] # listing and describing know no resource
  }
}
