# Secrets that outlive a night: databases' addresses and passwords, SSH keys. Their values are in no state and no plan.

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:A secret whose function is given rotates; without one, whoever owns the password puts the new one by hand
  for_each = var.secrets

  name        = "${var.name}/${each.key}"
  description = each.value.description
  kms_key_id  = var.kms_key_arn

  # A deleted password can be brought back for so long.
  recovery_window_in_days = var.recovery_days
}

# Only of those whose value comes through terraform. All others are put by `aws secretsmanager put-secret-value`, by hand or
# by the function that rotates them, and terraform never looks at them.
resource "aws_secretsmanager_secret_version" "this" {
  for_each = { for secret, s in var.secrets : secret => s.value_version if s.value_version > 0 }

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = lookup(var.values, each.key, "")
  secret_string_wo_version = each.value

  lifecycle {
    # A write-only value cannot be compared: a new version with no value would put an empty password in place of a good one.
    precondition {
      condition     = length(lookup(var.values, each.key, "")) > 0
      error_message = "A secret with a value_version needs its value in `values` each time, by TF_VAR_…, never on a command line."
    }
  }
}

locals {
  rotated = { for secret, s in var.secrets : secret => s.rotation if s.rotation != null }
}

# The hook: the function is its owner's, only the right to call it for this one secret is made here.
resource "aws_lambda_permission" "rotation" {
  for_each = local.rotated

  statement_id   = "rotate-${replace("${var.name}/${each.key}", "/", "-")}"
  action         = "lambda:InvokeFunction"
  function_name  = each.value.function_arn
  principal      = "secretsmanager.amazonaws.com"
  source_account = split(":", var.kms_key_arn)[4]
  source_arn     = aws_secretsmanager_secret.this[each.key].arn
}

resource "aws_secretsmanager_secret_rotation" "this" {
  #checkov:skip=CKV_AWS_304:A validation of `secrets` keeps the days between 1 and 90; checkov does not see through each.value
  for_each = local.rotated

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.function_arn
  rotate_immediately  = false # the first value may not be there yet

  rotation_rules {
    automatically_after_days = each.value.days
  }

  depends_on = [aws_lambda_permission.rotation]
}
