# A month's cost is told before it has happened, when it has, and when it is forecast to.

mock_provider "aws" {}

variables {
  name            = "acme-nightshift-test"
  monthly_usd     = 120
  email_addresses = ["owner@example.com"]
}

run "somebody_hears_at_80_at_100_and_of_the_forecast" {
  assert {
    condition     = toset([for n in aws_budgets_budget.this.notification : "${n.notification_type} ${n.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "Three alerts."
  }

  assert {
    condition     = alltrue([for n in aws_budgets_budget.this.notification : n.subscriber_email_addresses == toset(["owner@example.com"]) && n.threshold_type == "PERCENTAGE" && n.comparison_operator == "GREATER_THAN"])
    error_message = "Each of them to who was named."
  }

  assert {
    condition     = aws_budgets_budget.this.name == "acme-nightshift-test-monthly" && aws_budgets_budget.this.limit_amount == "120.00" && aws_budgets_budget.this.time_unit == "MONTHLY"
    error_message = "120 dollars a month."
  }
}

run "the_whole_account_is_counted_unless_the_tag_is_asked_for" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.this.cost_filter) == 0
    error_message = "A tag that nobody activated would count nothing."
  }
}

run "only_this_name_is_counted_if_the_tag_is_asked_for" {
  command = plan

  variables {
    tagged_only = true
  }

  assert {
    condition     = [for f in aws_budgets_budget.this.cost_filter : [f.name, f.values]] == [["TagKeyValue", tolist(["user:nightshift:name$acme-nightshift-test"])]]
    error_message = "Budgets writes a tag as user:<key>$<value>."
  }
}

run "a_budget_that_tells_nobody_and_costs_nothing_is_refused" {
  command         = plan
  expect_failures = [var.email_addresses, var.monthly_usd]

  variables {
    monthly_usd     = 0
    email_addresses = []
  }
}
