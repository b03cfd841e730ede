# The people beside the nights: a role for who governs and one for who reads and runs, and users if somebody wants them.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # arn:<partition>:<service>:<region>:<account>, the start of most ARNs in this module.
  here = { for service in ["athena", "backup", "ecs", "glue", "lambda", "logs", "sns"] :
    service => "arn:${local.partition}:${service}:${var.region}:${local.account}"
  }
  iam = "arn:${local.partition}:iam::${local.account}"

  buckets   = { for kind in ["raw", "lake", "artifacts", "logs"] : kind => "arn:${local.partition}:s3:::${var.name}-${kind}" }
  databases = [for layer in ["bronze", "silver", "gold"] : "${replace(var.name, "-", "_")}_${layer}"]

  may = {
    governance = data.aws_iam_policy_document.governance.json
    reader     = data.aws_iam_policy_document.reader.json
  }
  described = {
    governance = "Looks after buckets, messages, logs and cost of ${var.name}"
    reader     = "Reads the lake of ${var.name} and runs its named tasks"
  }

  # A role that nobody may assume would be refused by IAM, and is of no use.
  users_of = { for role, _ in local.may : role => [for user, his in var.users : user if his == role] }
  made     = toset([for role, _ in local.may : role if length(local.users_of[role]) + length(var.principals[role]) > 0])
  groups   = toset([for role, users in local.users_of : role if length(users) > 0])
}

data "aws_iam_policy_document" "trust" {
  for_each = local.made

  # Who comes from an identity provider has shown a second factor there; AWS does not see it.
  dynamic "statement" {
    for_each = length(var.principals[each.key]) > 0 ? [var.principals[each.key]] : []

    content {
      sid     = "Principals"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.users_of[each.key]) > 0 ? [local.users_of[each.key]] : []

    content {
      sid     = "UsersWithASecondFactor"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = [for user in statement.value : aws_iam_user.this[user].arn]
      }

      condition {
        test     = "Bool"
        variable = "aws:MultiFactorAuthPresent"
        values   = ["true"]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.made

  name                 = "${var.name}-${each.key}"
  description          = local.described[each.key]
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_policy" "this" {
  for_each = local.made

  name        = "${var.name}-people-${each.key}"
  description = local.described[each.key]
  policy      = local.may[each.key]
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.made

  role       = aws_iam_role.this[each.key].name
  policy_arn = aws_iam_policy.this[each.key].arn
}
