# What Airflow may not do, whatever the other policies let through or somebody attaches: touch what belongs to another name
# in this account, or change what its foundation's owner decided.
#
# Names may begin alike (`acme` and `acme-prod`), so a pattern `<name>-*` reaches further than it means to; and a cluster that
# is given our tag would be ours from then on. Everything of a name carries nightshift:name, which distinguishes them.

locals {
  of_another_name = [
    { test = "StringNotEquals", key = "nightshift:name", value = var.name },
    { test = "Null", key = "nightshift:name", value = "false" }, # what has no such tag is not spoken of
  ]
}

data "aws_iam_policy_document" "airflow_fence" {
  statement {
    sid       = "LeaveOtherNamesClusters"
    effect    = "Deny"
    actions   = ["elasticmapreduce:AddTags", "elasticmapreduce:PutAutoTerminationPolicy"]
    resources = [local.cluster_arn]

    dynamic "condition" {
      for_each = local.of_another_name

      content {
        test     = condition.value.test
        variable = "elasticmapreduce:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  statement {
    sid    = "LeaveOtherNamesRolesAndKeyPairs"
    effect = "Deny"
    actions = [
      "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetPolicy",
      "iam:GetPolicyVersion", "iam:GetInstanceProfile", "ec2:DeleteKeyPair",
    ]
    resources = concat(
      [for kind in ["role", "policy", "instance-profile"] : "${local.iam_arn}:${kind}/*"],
      ["${local.here["ec2"]}:key-pair/*"],
    )

    dynamic "condition" {
      for_each = local.of_another_name

      content {
        test     = condition.value.test
        variable = "aws:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  # Glue looks at no tag here, so the three are named. GetTags is for jobs too, which are bound by their tags.
  statement {
    sid     = "LeaveOtherNamesDatabases"
    effect  = "Deny"
    actions = ["glue:GetDatabase", "glue:GetTags"]
    not_resources = concat(
      ["${local.here["glue"]}:catalog", local.glue_jobs],
      [for layer in ["bronze", "silver", "gold"] : "${local.here["glue"]}:database/${local.database_prefix}_${layer}"],
    )
  }

  # SSH keys of people have the same beginning as a run's secrets, and are people's to read.
  statement {
    sid       = "LeavePeoplesKeysAlone"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"]
    resources = ["${local.here["secretsmanager"]}:secret:${var.name}/ssh/*"]
  }

  statement {
    sid    = "LeaveBucketsAsTheyAre"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketAcl", "s3:PutBucketLogging",
      "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutInventoryConfiguration",
      "s3:PutLifecycleConfiguration", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutReplicationConfiguration",
    ]
    resources = flatten([for bucket in concat(values(var.bucket_arns), [var.state_bucket_arn]) : [bucket, "${bucket}/*"]])
  }

  # What its owner applies, and the code that Airflow itself runs: who writes these acts with other rights than a night's.
  statement {
    sid     = "LeaveStatesAndDagsAlone"
    effect  = "Deny"
    actions = ["s3:DeleteObject", "s3:PutObject"]
    resources = concat(
      [for stack in ["foundation", "mwaa", "people"] : "${var.state_bucket_arn}/${stack}.tfstate*"],
      ["${var.bucket_arns["artifacts"]}/mwaa/*"],
    )
  }

  statement {
    sid    = "LeaveTheTopicAsItIs"
    effect = "Deny"
    actions = [
      "sns:AddPermission", "sns:DeleteTopic", "sns:PutDataProtectionPolicy", "sns:RemovePermission", "sns:SetTopicAttributes",
      "sns:Subscribe",
    ]
    resources = [var.topic_arn]
  }

  statement {
    sid    = "LeaveTheKeyAsItIs"
    effect = "Deny"
    actions = [
      "kms:DeleteAlias", "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:UpdateAlias",
    ]
    resources = [var.kms_key_arn]
  }

  # No way round: no other role, no other policy, nobody new.
  statement {
    sid    = "GiveNobodyMore"
    effect = "Deny"
    actions = [
      "iam:AddRoleToInstanceProfile", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreatePolicy",
      "iam:CreatePolicyVersion", "iam:CreateRole", "iam:CreateUser", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole",
      "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:RemoveRoleFromInstanceProfile", "iam:SetDefaultPolicyVersion",
      "iam:UpdateAssumeRolePolicy", "sts:AssumeRole",
    ]
    resources = ["*"]
  }
}
