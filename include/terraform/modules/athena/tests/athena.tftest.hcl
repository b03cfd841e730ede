# Queries are bounded, results encrypted, and a view can be read by Athena.

mock_provider "aws" {}

variables {
  name          = "acme-nightshift-test"
  database      = "acme_nightshift_test_gold"
  result_bucket = "acme-nightshift-test-lake"
  kms_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  products = {
    shop = {
      views = {
        day = {
          about   = "Sales by day."
          sql     = "SELECT day, unit, branch FROM shop_sales"
          columns = [{ name = "day", type = "date", about = "The day." }, { name = "unit", type = "int", about = "" }, { name = "branch", type = "string", about = "Its name." }]
        }
      }
      queries = { best = { about = "The best.", sql = "SELECT 1" } }
    }
  }
}

run "no_query_scans_more_than_the_limit_or_writes_elsewhere" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 10737418240
    error_message = "10 GB a query, whatever its client says."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location == "s3://acme-nightshift-test-lake/athena/"
    error_message = "Results go where they expire."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0] == { encryption_option = "SSE_KMS", kms_key_arn = var.kms_key_arn }
    error_message = "Results are encrypted with the key of the data."
  }
}

run "athena_reads_the_view_out_of_its_text" {
  command = plan

  assert {
    condition = jsondecode(base64decode(trimsuffix(trimprefix(aws_glue_catalog_table.view["shop_day"].view_original_text, "/* Presto View: "), " */"))) == {
      catalog     = "awsdatacatalog"
      schema      = "acme_nightshift_test_gold"
      originalSql = "SELECT day, unit, branch FROM shop_sales"
      columns     = [{ name = "day", type = "date" }, { name = "unit", type = "integer" }, { name = "branch", type = "varchar" }]
    }
    error_message = "The query, and its columns in Athena's types."
  }

  assert {
    condition     = aws_glue_catalog_table.view["shop_day"].table_type == "VIRTUAL_VIEW" && aws_glue_catalog_table.view["shop_day"].parameters["presto_view"] == "true"
    error_message = "It is a view of Athena's kind."
  }

  assert {
    condition     = [for c in aws_glue_catalog_table.view["shop_day"].storage_descriptor[0].columns : "${c.name} ${c.type} ${c.comment}"] == ["day date The day.", "unit int ", "branch string Its name."]
    error_message = "Glue has the columns with their descriptions."
  }
}

run "a_saved_query_runs_in_the_workgroup" {
  command = plan

  assert {
    condition     = aws_athena_named_query.this["shop_best"].workgroup == "acme-nightshift-test" && aws_athena_named_query.this["shop_best"].database == var.database
    error_message = "Else it would scan without a limit."
  }
}

run "a_limit_that_athena_does_not_take_is_refused" {
  command         = plan
  expect_failures = [var.scan_limit_bytes]

  variables {
    scan_limit_bytes = 1000
  }
}
