# Each chart is on the sheet with its own columns, and only who was named may look.

mock_provider "aws" {
  mock_resource "aws_quicksight_data_set" {
    defaults = { arn = "arn:aws:quicksight:us-east-1:123456789012:dataset/any" }
  }
}

variables {
  name            = "acme-nightshift-test"
  product         = "shop"
  title           = "The shop"
  database        = "acme_nightshift_test_gold"
  data_source_arn = "arn:aws:quicksight:us-east-1:123456789012:datasource/acme-nightshift-test"
  owners          = ["arn:aws:quicksight:us-east-1:123456789012:group/default/owners"]
  readers         = ["arn:aws:quicksight:us-east-1:123456789012:group/default/managers"]
  views = {
    day    = { columns = [{ name = "day", type = "date" }, { name = "revenue", type = "decimal(18,2)" }, { name = "orders", type = "bigint" }] }
    branch = { columns = [{ name = "branch", type = "string" }, { name = "rate", type = "double" }, { name = "is_open", type = "boolean" }] }
    unused = { columns = [{ name = "n", type = "int" }] }
  }
  charts = [
    { title = "Revenue", kind = "kpi", view = "day", category = "", values = ["revenue"] },
    { title = "Orders", kind = "kpi", view = "day", category = "", values = ["orders"] },
    { title = "By day", kind = "line", view = "day", category = "day", values = ["revenue", "orders"] },
    { title = "By branch", kind = "bar", view = "branch", category = "branch", values = ["rate"] },
    { title = "All", kind = "table", view = "branch", category = "", values = ["branch", "rate"] },
  ]
}

run "views_are_data_sets_and_every_chart_is_on_the_sheet_with_its_columns" {
  command = plan

  assert {
    condition     = toset(keys(aws_quicksight_data_set.this)) == toset(["day", "branch"])
    error_message = "Of the views that a chart shows, and no other."
  }

  assert {
    condition = { for view, of in aws_quicksight_data_set.this : view => {
      for table in of.physical_table_map : "${table.relational_table[0].catalog}.${table.relational_table[0].schema}.${table.relational_table[0].name}" => { for c in table.relational_table[0].input_columns : c.name => c.type }
      } } == {
      branch = { "AwsDataCatalog.acme_nightshift_test_gold.shop_branch" = { branch = "STRING", rate = "DECIMAL", is_open = "BOOLEAN" } }
      day    = { "AwsDataCatalog.acme_nightshift_test_gold.shop_day" = { day = "DATETIME", revenue = "DECIMAL", orders = "INTEGER" } }
    }
    error_message = "Each column of the view, as a type that QuickSight has."
  }

  assert {
    condition     = alltrue([for of in aws_quicksight_data_set.this : of.import_mode == "DIRECT_QUERY"])
    error_message = "A copy would be old, and cost."
  }

  assert {
    condition = {
      for visual in flatten([for v in aws_quicksight_dashboard.this.definition[0].sheets[0].visuals : v.kpi_visual[*]]) :
      visual.title[0].format_text[0].plain_text => [for of in visual.chart_configuration[0].field_wells[0].values : of.numerical_measure_field[0].column[0].column_name]
    } == { Revenue = ["revenue"], Orders = ["orders"] }
    error_message = "Two figures."
  }

  assert {
    condition = [
      for visual in flatten([for v in aws_quicksight_dashboard.this.definition[0].sheets[0].visuals : v.line_chart_visual[*]]) :
      [for of in visual.chart_configuration[0].field_wells[0].line_chart_aggregated_field_wells[*] : concat(
        [for category in of.category : "${category.date_dimension_field[0].column[0].data_set_identifier}.${category.date_dimension_field[0].column[0].column_name} by ${category.date_dimension_field[0].date_granularity}"],
        [for value in of.values : "${value.numerical_measure_field[0].aggregation_function[0].simple_numerical_aggregation} ${value.numerical_measure_field[0].column[0].column_name}"],
      )]
    ] == [[["day.day by DAY", "SUM revenue", "SUM orders"]]]
    error_message = "A line over the days."
  }

  assert {
    condition = [
      for visual in flatten([for v in aws_quicksight_dashboard.this.definition[0].sheets[0].visuals : v.bar_chart_visual[*]]) :
      [for of in visual.chart_configuration[0].field_wells[0].bar_chart_aggregated_field_wells[*] : [of.category[0].categorical_dimension_field[0].column[0].column_name, of.values[0].numerical_measure_field[0].column[0].column_name]]
    ] == [[["branch", "rate"]]]
    error_message = "Bars by branch."
  }

  assert {
    condition = [
      for visual in flatten([for v in aws_quicksight_dashboard.this.definition[0].sheets[0].visuals : v.table_visual[*]]) :
      [for of in visual.chart_configuration[0].field_wells[0].table_unaggregated_field_wells[0].values : of.column[0].column_name]
    ] == [["branch", "rate"]]
    error_message = "A table of the columns as they are."
  }

  assert {
    condition = [
      for e in aws_quicksight_dashboard.this.definition[0].sheets[0].layouts[0].configuration[0].grid_layout[0].elements : "${e.element_id} ${e.column_index},${e.row_index} ${e.column_span}x${e.row_span}"
    ] == ["shop-0 0,0 18x5", "shop-1 18,0 18x5", "shop-2 0,5 36x12", "shop-3 0,17 36x12", "shop-4 0,29 36x12"]
    error_message = "The figures share the first row."
  }

  assert {
    condition = alltrue([
      for p in aws_quicksight_dashboard.this.permissions : contains(p.actions, "quicksight:QueryDashboard") && contains(p.actions, "quicksight:UpdateDashboard") == endswith(p.principal, "/owners")
    ]) && length(aws_quicksight_dashboard.this.permissions) == 2
    error_message = "Nobody else may, and readers may not change it."
  }
}

run "an_unknown_kind_of_chart_is_refused" {
  command         = plan
  expect_failures = [var.charts]

  variables {
    charts = [{ title = "Pie", kind = "pie", view = "day", category = "day", values = ["orders"] }]
  }
}
