# Who works beside the nights, what databases and hosts need, and what a month may cost. An operator applies it, after
# the foundation; no night does, and the Airflow role cannot read its state.

# By its alias: what the foundation made is looked up without reading its state.
data "aws_kms_alias" "foundation" {
  name = "alias/${var.name}"
}

module "people" {
  source = "../../modules/people"

  name         = var.name
  region       = var.region
  kms_key_arn  = data.aws_kms_alias.foundation.target_key_arn
  principals   = var.principals
  users        = var.users
  queue_arns   = var.queue_arns
  log_groups   = var.log_groups
  functions    = var.functions
  backup_vault = var.backup_vault
  tasks        = var.tasks
}

module "secrets" {
  source = "../../modules/secrets"

  name          = var.name
  kms_key_arn   = data.aws_kms_alias.foundation.target_key_arn
  secrets       = var.secrets
  values        = var.secret_values
  recovery_days = var.recovery_days
}

module "budget" {
  source = "../../modules/budget"
  count  = var.monthly_usd == null ? 0 : 1

  name            = var.name
  monthly_usd     = var.monthly_usd
  email_addresses = var.budget_emails
  topic_arns      = var.budget_topics
  tagged_only     = var.budget_tagged_only
}
