# What Airflow may not do, whatever the other policies let through: touch what belongs to another name in this account.
#
# Names may begin alike (`acme` and `acme-prod`), so a pattern `<name>-*` reaches further than it means to; and a cluster that
# is given our tag would be ours from then on. Everything of a name carries nightshift:name, which tells them apart.

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

  # Glue looks at no tag here, so the three are named.
  statement {
    sid     = "LeaveOtherNamesDatabases"
    effect  = "Deny"
    actions = ["glue:GetDatabase", "glue:UpdateDatabase", "glue:GetTags"]
    not_resources = concat(
      ["${local.here["glue"]}:catalog"],
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
}
