# The dashboard of one product on QuickSight, and a data set for each view that its charts show.

locals {
  used = toset([for chart in var.charts : chart.view])

  # QuickSight's types of the catalog's.
  types = { string = "STRING", int = "INTEGER", bigint = "INTEGER", double = "DECIMAL", date = "DATETIME", timestamp = "DATETIME", boolean = "BOOLEAN" }
  type_of = { for name, view in var.views : name => {
    for column in view.columns : column.name => startswith(column.type, "decimal") ? "DECIMAL" : local.types[column.type]
  } }

  charts = [for index, chart in var.charts : merge(chart, { id = "${var.product}-${index}" })]
  kpis   = [for chart in local.charts : chart if chart.kind == "kpi"]
  others = [for chart in local.charts : chart if chart.kind != "kpi"]

  # A grid of 36 columns: the figures in one row, every chart below them in a row of its own.
  places = concat(
    [for n, chart in local.kpis : { id = chart.id, column = n * floor(36 / length(local.kpis)), row = 0, width = floor(36 / length(local.kpis)), height = 5 }],
    [for n, chart in local.others : { id = chart.id, column = 0, row = 5 + 12 * n, width = 36, height = 12 }],
  )

  of_data_sets = {
    reader = ["quicksight:DescribeDataSet", "quicksight:DescribeDataSetPermissions", "quicksight:PassDataSet", "quicksight:DescribeIngestion", "quicksight:ListIngestions"]
    owner  = ["quicksight:UpdateDataSet", "quicksight:DeleteDataSet", "quicksight:CreateIngestion", "quicksight:CancelIngestion", "quicksight:UpdateDataSetPermissions"]
  }
  of_dashboards = {
    reader = ["quicksight:DescribeDashboard", "quicksight:ListDashboardVersions", "quicksight:QueryDashboard"]
    owner  = ["quicksight:UpdateDashboard", "quicksight:DeleteDashboard", "quicksight:DescribeDashboardPermissions", "quicksight:UpdateDashboardPermissions", "quicksight:UpdateDashboardPublishedVersion"]
  }
}

resource "aws_quicksight_data_set" "this" {
  for_each = local.used

  data_set_id = "${var.name}-${var.product}-${each.value}"
  name        = "${var.title}: ${each.value}"
  import_mode = "DIRECT_QUERY" # SPICE would be a copy that has to be refreshed, and paid for

  physical_table_map {
    physical_table_map_id = "view"

    relational_table {
      data_source_arn = var.data_source_arn
      catalog         = "AwsDataCatalog"
      schema          = var.database
      name            = "${var.product}_${each.value}"

      dynamic "input_columns" {
        for_each = var.views[each.value].columns

        content {
          name = input_columns.value.name
          type = local.type_of[each.value][input_columns.value.name]
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = var.owners

    content {
      principal = permissions.value
      actions   = concat(local.of_data_sets.reader, local.of_data_sets.owner)
    }
  }
}

resource "aws_quicksight_dashboard" "this" {
  dashboard_id        = "${var.name}-${var.product}"
  name                = var.title
  version_description = "By terraform"

  definition {
    dynamic "data_set_identifiers_declarations" {
      for_each = aws_quicksight_data_set.this

      content {
        identifier   = data_set_identifiers_declarations.key
        data_set_arn = data_set_identifiers_declarations.value.arn
      }
    }

    sheets {
      sheet_id = var.product
      name     = var.title
      title    = var.title

      dynamic "visuals" {
        for_each = [for chart in local.charts : chart if chart.kind == "kpi"]

        content {
          kpi_visual {
            visual_id = visuals.value.id

            title {
              format_text {
                plain_text = visuals.value.title
              }
            }

            chart_configuration {
              field_wells {
                dynamic "values" {
                  for_each = visuals.value.values

                  content {
                    numerical_measure_field {
                      field_id = "${visuals.value.id}-${values.value}"

                      column {
                        data_set_identifier = visuals.value.view
                        column_name         = values.value
                      }

                      aggregation_function {
                        simple_numerical_aggregation = "SUM"
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      dynamic "visuals" {
        for_each = [for chart in local.charts : chart if chart.kind == "line"]

        content {
          line_chart_visual {
            visual_id = visuals.value.id

            title {
              format_text {
                plain_text = visuals.value.title
              }
            }

            chart_configuration {
              type = "LINE"

              field_wells {
                line_chart_aggregated_field_wells {
                  category {
                    date_dimension_field {
                      field_id         = "${visuals.value.id}-${visuals.value.category}"
                      date_granularity = "DAY"

                      column {
                        data_set_identifier = visuals.value.view
                        column_name         = visuals.value.category
                      }
                    }
                  }

                  dynamic "values" {
                    for_each = visuals.value.values

                    content {
                      numerical_measure_field {
                        field_id = "${visuals.value.id}-${values.value}"

                        column {
                          data_set_identifier = visuals.value.view
                          column_name         = values.value
                        }

                        aggregation_function {
                          simple_numerical_aggregation = "SUM"
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      dynamic "visuals" {
        for_each = [for chart in local.charts : chart if chart.kind == "bar"]

        content {
          bar_chart_visual {
            visual_id = visuals.value.id

            title {
              format_text {
                plain_text = visuals.value.title
              }
            }

            chart_configuration {
              orientation = "HORIZONTAL"

              field_wells {
                bar_chart_aggregated_field_wells {
                  category {
                    categorical_dimension_field {
                      field_id = "${visuals.value.id}-${visuals.value.category}"

                      column {
                        data_set_identifier = visuals.value.view
                        column_name         = visuals.value.category
                      }
                    }
                  }

                  dynamic "values" {
                    for_each = visuals.value.values

                    content {
                      numerical_measure_field {
                        field_id = "${visuals.value.id}-${values.value}"

                        column {
                          data_set_identifier = visuals.value.view
                          column_name         = values.value
                        }

                        aggregation_function {
                          simple_numerical_aggregation = "SUM"
                        }
                      }
                    }
                  }
                }
              }

              sort_configuration {
                category_sort {
                  field_sort {
                    field_id  = "${visuals.value.id}-${visuals.value.values[0]}"
                    direction = "DESC"
                  }
                }
              }
            }
          }
        }
      }

      dynamic "visuals" {
        for_each = [for chart in local.charts : chart if chart.kind == "table"]

        content {
          table_visual {
            visual_id = visuals.value.id

            title {
              format_text {
                plain_text = visuals.value.title
              }
            }

            chart_configuration {
              field_wells {
                table_unaggregated_field_wells {
                  dynamic "values" {
                    for_each = visuals.value.values

                    content {
                      field_id = "${visuals.value.id}-${values.value}"

                      column {
                        data_set_identifier = visuals.value.view
                        column_name         = values.value
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      layouts {
        configuration {
          grid_layout {
            dynamic "elements" {
              for_each = local.places

              content {
                element_id   = elements.value.id
                element_type = "VISUAL"
                column_index = elements.value.column
                row_index    = elements.value.row
                column_span  = elements.value.width
                row_span     = elements.value.height
              }
            }
          }
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = var.owners

    content {
      principal = permissions.value
      actions   = concat(local.of_dashboards.reader, local.of_dashboards.owner)
    }
  }

  dynamic "permissions" {
    for_each = var.readers

    content {
      principal = permissions.value
      actions   = local.of_dashboards.reader
    }
  }
}
