# GitHub Actions without keys: GitHub vouches for a workflow (OIDC), and what it vouches for may become one of two roles.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # arn:<partition>:<service>:<region>:<account>, the start of most ARNs in this module.
  here = { for service in ["airflow", "ec2", "glue", "kms", "logs", "sns"] :
    service => "arn:${local.partition}:${service}:${var.region}:${local.account}"
  }
  iam = "arn:${local.partition}:iam::${local.account}"

  buckets   = { for kind in ["raw", "lake", "artifacts", "logs", "state"] : kind => "arn:${local.partition}:s3:::${var.name}-${kind}" }
  databases = [for layer in ["bronze", "silver", "gold"] : "${local.here["glue"]}:database/${replace(var.name, "-", "_")}_${layer}"]

  log_groups = [for part in ["DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"] : "${local.here["logs"]}:log-group:airflow-${var.name}-${part}"]

  issuer = "token.actions.githubusercontent.com"
  roles  = { for role, subjects in { deploy = var.deploy_subjects, plan = var.plan_subjects } : role => subjects if length(subjects) > 0 }
  may = {
    plan   = data.aws_iam_policy_document.plan.json
    deploy = data.aws_iam_policy_document.deploy.json
  }

  # Who deploys also plans.
  attached = merge([for role, _ in local.roles : { for policy in distinct(["plan", role]) : "${role}-${policy}" => { role = role, policy = policy } }]...)

  provider_arn = var.provider_arn != null ? var.provider_arn : one(aws_iam_openid_connect_provider.this[*].arn)
}

# An account knows an issuer once: the first environment makes it, others in the account are given its ARN. AWS trusts
# GitHub's certificate by its own list, so no thumbprint is set.
resource "aws_iam_openid_connect_provider" "this" {
  count = var.provider_arn == null && length(local.roles) > 0 ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Equal, not like: a pattern here lets other branches, or other people's repositories, in.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-github-${each.key}"
  description          = "What GitHub Actions may do for ${var.name}: ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 7200 # an environment of MWAA takes up to 40 minutes to change, and a night follows
}

resource "aws_iam_policy" "this" {
  for_each = toset([for a in local.attached : a.policy])

  name        = "${var.name}-github-${each.key}"
  description = "What GitHub Actions may do for ${var.name}: ${each.key}"
  policy      = local.may[each.key]
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.attached

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = aws_iam_policy.this[each.value.policy].arn
}
