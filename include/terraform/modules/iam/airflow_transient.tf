# What terraform needs each night to make and remove the transient stack; everything is bound by tag or by name.

data "aws_iam_policy_document" "airflow_transient" {
  statement {
    sid       = "MakeSecurityGroups"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.here["ec2"]}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # The same call is also checked against the network that the group goes into.
  statement {
    sid       = "MakeThemInThisNetwork"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.here["ec2"]}:vpc/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid = "KeepSecurityGroups"
    actions = [
      "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
      "ec2:RevokeSecurityGroupEgress", "ec2:DeleteSecurityGroup",
    ]
    resources = ["${local.here["ec2"]}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  # A rule that is tagged at birth is a resource of its own to these calls.
  statement {
    sid       = "MakeTheirRules"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"]
    resources = ["${local.here["ec2"]}:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "MakeKeyPairs"
    actions   = ["ec2:ImportKeyPair", "ec2:DeleteKeyPair"]
    resources = ["${local.here["ec2"]}:key-pair/${var.name}-*"]
  }

  statement {
    sid       = "TagAtBirth"
    actions   = ["ec2:CreateTags"]
    resources = [for kind in ["security-group", "security-group-rule", "key-pair"] : "${local.here["ec2"]}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "ImportKeyPair"]
    }
  }

  statement {
    sid = "KeepSecretsOfRuns"
    actions = [
      "secretsmanager:CreateSecret", "secretsmanager:TagResource", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue", "secretsmanager:GetResourcePolicy", "secretsmanager:DeleteSecret",
    ]
    resources = ["${local.here["secretsmanager"]}:secret:${var.name}/runs/*"]
  }

  # Databases that clusters read: check_inputs compares their tables with the contract before a cluster is paid.
  dynamic "statement" {
    for_each = length(local.databases) > 0 ? [local.databases] : []

    content {
      sid       = "OpenThePipelinesDatabases"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for source in statement.value : "${local.here["secretsmanager"]}:secret:${var.name}/sources/${source}-??????"]
    }
  }

  # Passwords of databases are left as they are, whatever a policy that is attached later allows.
  statement {
    sid       = "LeaveSourcesAlone"
    effect    = "Deny"
    actions   = ["secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"]
    resources = ["${local.here["secretsmanager"]}:secret:${var.name}/sources/*"]
  }

  statement {
    sid = "KeepSecurityConfigurations"
    actions = [
      "elasticmapreduce:CreateSecurityConfiguration", "elasticmapreduce:DescribeSecurityConfiguration",
      "elasticmapreduce:DeleteSecurityConfiguration", "elasticmapreduce:ListSecurityConfigurations",
    ]
    resources = ["*"] # EMR gives security configurations neither an ARN nor tags
  }
}
