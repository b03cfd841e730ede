# A workgroup whose queries are bounded, and what it queries: views over gold and saved queries.

locals {
  # Athena's types (Trino's) of the catalog's.
  trino = { string = "varchar", int = "integer" }

  views = merge([for product, of in var.products : {
    for name, view in of.views : "${product}_${name}" => view
  }]...)

  queries = merge([for product, of in var.products : {
    for name, query in of.queries : "${product}_${name}" => query
  }]...)
}

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries on the gold of ${var.name}, at most ${floor(var.scan_limit_bytes / 1048576)} MB each"
  force_destroy = true # its history of queries goes with it; results are in the bucket

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.result_bucket}/athena/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

# A view as Athena itself stores one in Glue: the query and its columns as JSON in base64, a comment to all other readers.
resource "aws_glue_catalog_table" "view" {
  for_each = local.views

  name          = each.key
  database_name = var.database
  description   = each.value.about
  table_type    = "VIRTUAL_VIEW"

  parameters = {
    comment     = each.value.about
    presto_view = "true"
  }

  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    catalog     = "awsdatacatalog"
    schema      = var.database
    originalSql = each.value.sql
    columns     = [for column in each.value.columns : { name = column.name, type = lookup(local.trino, column.type, column.type) }]
  }))} */"

  storage_descriptor {
    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.about
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = each.key
  description = each.value.about
  database    = var.database
  workgroup   = aws_athena_workgroup.this.name
  query       = each.value.sql
}
