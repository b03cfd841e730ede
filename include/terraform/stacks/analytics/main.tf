# Athena over gold. An operator applies it, after the foundation; no night does or needs to.

# By its alias: what the foundation made is looked up without reading its state.
data "aws_kms_alias" "foundation" {
  name = "alias/${var.name}"
}

module "athena" {
  source = "../../modules/athena"

  name             = var.name
  database         = "${replace(var.name, "-", "_")}_gold"
  result_bucket    = "${var.name}-lake"
  kms_key_arn      = data.aws_kms_alias.foundation.target_key_arn
  scan_limit_bytes = var.scan_limit_bytes
  products         = jsondecode(file("${path.module}/../../views${var.language == "en" ? "" : ".${var.language}"}.json"))
}
