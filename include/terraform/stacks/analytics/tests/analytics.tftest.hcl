# The stack makes what views.json says, beside a foundation of the same name.

mock_provider "aws" {
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
}

variables {
  name   = "acme-nightshift-test"
  region = "us-east-1"
}

run "every_product_has_its_views" {
  command = plan

  assert {
    condition     = length(setsubtract(["mrhealth_sales_network_day", "mrhealth_sales_alerts_latest", "covid_hospitals_country_day", "card_movements_movements_day", "wordcount_top_words"], output.views)) == 0
    error_message = "Totals and the newest partitions of each product."
  }

  assert {
    condition     = output.workgroup == "acme-nightshift-test" && contains(keys(output.queries), "mrhealth_sales_branch_ranking")
    error_message = "The workgroup and its saved queries."
  }
}

run "every_language_has_the_same_views" {
  command = plan

  variables {
    language = "pt-BR"
  }

  assert {
    condition     = output.views == run.every_product_has_its_views.views
    error_message = "The views of views.pt-BR.json."
  }
}

run "a_language_that_nobody_wrote_is_refused" {
  command         = plan
  expect_failures = [var.language]

  variables {
    language = "pt"
  }
}

run "a_bad_name_is_refused_before_anything_is_made" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "acme_nightshift"
  }
}
