# The one thing that must exist before terraform can keep state anywhere: the bucket for it.

module "storage" {
  source = "../../modules/storage"

  name            = var.name
  kinds           = ["state"]
  lifecycle_rules = var.lifecycle_rules
  noncurrent_days = 90 # an older state is the only way back from a lost one
  force_destroy   = var.force_destroy
  prevent_destroy = var.prevent_destroy
}
