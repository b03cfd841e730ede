# One Glue database a layer, under a name that Athena accepts.

mock_provider "aws" {}

variables {
  name        = "acme-nightshift-test"
  lake_bucket = "acme-nightshift-test-lake"
}

run "each_layer_has_a_database_over_its_prefix" {
  command = plan

  assert {
    condition = output.databases == {
      bronze = "acme_nightshift_test_bronze", silver = "acme_nightshift_test_silver", gold = "acme_nightshift_test_gold"
    }
    error_message = "Databases are called <name with _>_<layer>."
  }

  assert {
    condition     = aws_glue_catalog_database.this["gold"].location_uri == "s3://acme-nightshift-test-lake/gold/"
    error_message = "New tables land under the layer's prefix."
  }
}

run "an_address_for_a_bucket_and_a_layer_with_a_dash_are_refused" {
  command         = plan
  expect_failures = [var.lake_bucket, var.layers]

  variables {
    lake_bucket = "s3://acme-nightshift-test-lake"
    layers      = ["gold-old"]
  }
}
