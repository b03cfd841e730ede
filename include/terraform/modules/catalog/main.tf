# Glue databases, one a layer of the lake, so that Athena and Spark find the tables by name.

locals {
  # Athena accepts no dash in a database name.
  prefix = replace(var.name, "-", "_")
}

resource "aws_glue_catalog_database" "this" {
  for_each = var.layers

  name         = "${local.prefix}_${each.value}"
  description  = "Tables of the ${each.value} layer of ${var.name}"
  location_uri = "s3://${var.lake_bucket}/${each.value}/"
}
