# Users, for who has no identity provider: they may assume their role, with a second factor, and nothing else. Terraform
# makes neither keys nor passwords for them, so no state holds one.

data "aws_iam_policy_document" "assume" {
  for_each = local.may

  statement {
    sid       = "Become${title(each.key)}"
    actions   = ["sts:AssumeRole"]
    resources = ["${local.iam}:role/${var.name}-${each.key}"]
  }
}

resource "aws_iam_user" "this" {
  #checkov:skip=CKV_AWS_273:Who has IAM Identity Center names its roles in `principals` and leaves `users` empty, as it is by default
  for_each = var.users

  name                 = "${var.name}-${each.key}"
  permissions_boundary = aws_iam_policy.boundary.arn
  force_destroy        = true # a key that an operator made by hand must not keep a leaver's user alive
}

resource "aws_iam_group" "this" {
  for_each = local.groups

  name = "${var.name}-${each.key}"
}

resource "aws_iam_group_policy" "this" {
  for_each = local.groups

  name   = "assume"
  group  = aws_iam_group.this[each.key].name
  policy = data.aws_iam_policy_document.assume[each.key].json
}

resource "aws_iam_group_membership" "this" {
  for_each = local.groups

  name  = "${var.name}-${each.key}"
  group = aws_iam_group.this[each.key].name
  users = [for user in local.users_of[each.key] : aws_iam_user.this[user].name]
}
