# QuickSight over Athena's views: a data source, and a dashboard for each product. An operator applies it, after analytics.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  products = jsondecode(file("${path.module}/../../views${var.language == "en" ? "" : ".${var.language}"}.json"))
  database = "${replace(var.name, "-", "_")}_gold"

  sources = {
    owner = [
      "quicksight:DescribeDataSource", "quicksight:DescribeDataSourcePermissions", "quicksight:PassDataSource",
      "quicksight:UpdateDataSource", "quicksight:DeleteDataSource", "quicksight:UpdateDataSourcePermissions",
    ]
  }
}

resource "aws_quicksight_data_source" "this" {
  data_source_id = var.name
  name           = "Gold of ${var.name}"
  type           = "ATHENA"

  parameters {
    athena {
      work_group = var.name
    }
  }

  ssl_properties {
    disable_ssl = false
  }

  dynamic "permission" {
    for_each = var.owners

    content {
      principal = permission.value
      actions   = local.sources.owner
    }
  }

  # QuickSight tries the connection when it is made.
  depends_on = [aws_iam_role_policy_attachment.quicksight]
}

module "dashboard" {
  source   = "../../modules/dashboard"
  for_each = { for product, of in local.products : product => of if var.products == null || contains(coalesce(var.products, []), product) }

  name            = var.name
  product         = each.key
  title           = each.value.title
  database        = local.database
  data_source_arn = aws_quicksight_data_source.this.arn
  views           = each.value.views
  charts          = each.value.charts
  owners          = var.owners
  readers         = var.readers
}
