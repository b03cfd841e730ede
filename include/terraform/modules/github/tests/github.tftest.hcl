# Only the workflow that was named gets in, and what it gets can give it no more.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  name            = "acme-nightshift-test"
  region          = "us-east-1"
  deploy_subjects = ["repo:acme/nightshift:environment:prod", "repo:acme@42/nightshift@4711:environment:prod"]
}

run "nobody_is_let_in_by_default" {
  variables {
    deploy_subjects = []
  }

  assert {
    condition     = length(aws_iam_role.this) + length(aws_iam_openid_connect_provider.this) + length(aws_iam_policy.this) == 0 && output.role_arns == {} && output.provider_arn == null
    error_message = "No workflow was named."
  }
}

run "only_the_named_environment_gets_in_and_only_by_a_token_for_aws" {
  assert {
    condition     = { for c in data.aws_iam_policy_document.trust["deploy"].statement[0].condition : c.variable => [c.test, toset(c.values)] } == { "token.actions.githubusercontent.com:aud" = ["StringEquals", toset(["sts.amazonaws.com"])], "token.actions.githubusercontent.com:sub" = ["StringEquals", var.deploy_subjects] }
    error_message = "Audience and subject, both equal."
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["deploy"] && keys(aws_iam_role_policy_attachment.this) == ["deploy-deploy", "deploy-plan"]
    error_message = "Who deploys also plans; nobody else was named."
  }
}

run "a_pull_request_may_plan_and_nothing_else" {
  command = plan

  variables {
    deploy_subjects = []
    plan_subjects   = ["repo:acme/nightshift:pull_request"]
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["plan"] && keys(aws_iam_role_policy_attachment.this) == ["plan-plan"]
    error_message = "One role with one policy."
  }

  assert {
    condition     = alltrue([for a in flatten([for s in data.aws_iam_policy_document.plan.statement : s.actions]) : can(regex(":(Get|List|Describe)", a))])
    error_message = "A plan changes nothing."
  }
}

run "the_second_environment_of_an_account_is_given_the_provider" {
  command = plan

  variables {
    provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0 && one(data.aws_iam_policy_document.trust["deploy"].statement[0].principals).identifiers == toset([var.provider_arn])
    error_message = "An account knows an issuer once."
  }
}

run "no_action_is_a_wildcard_and_only_lists_are_unscoped" {
  command = plan

  assert {
    condition     = [for s in concat(data.aws_iam_policy_document.plan.statement, data.aws_iam_policy_document.deploy.statement) : s.sid if anytrue([for a in s.actions : strcontains(a, "*")])] == []
    error_message = "Every action must be named."
  }

  assert {
    condition     = toset([for s in concat(data.aws_iam_policy_document.plan.statement, data.aws_iam_policy_document.deploy.statement) : s.sid if contains(s.resources, "*")]) == toset(["ReadSubscriptions", "LookAround"])
    error_message = "A new statement over all resources needs a reason here and a comment there."
  }
}

run "a_deployment_can_give_itself_no_more" {
  command = plan

  assert {
    condition = toset([for a in flatten([for s in concat(data.aws_iam_policy_document.plan.statement, data.aws_iam_policy_document.deploy.statement) : s.actions]) :
    a if startswith(a, "iam:") && !can(regex("^iam:(Get|List)", a))]) == toset(["iam:PassRole"])
    error_message = "Roles and policies are an operator's."
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.deploy.statement :
      s.resources == toset(["arn:aws:iam::123456789012:role/acme-nightshift-test-airflow"]) && one(s.condition).values == tolist(["airflow.amazonaws.com"])
    if contains(s.actions, "iam:PassRole")])
    error_message = "Airflow's own role, to MWAA."
  }
}

run "a_pattern_a_fork_and_another_issuer_are_refused" {
  command         = plan
  expect_failures = [var.deploy_subjects, var.plan_subjects, var.provider_arn]

  variables {
    deploy_subjects = ["repo:acme/nightshift:*"]
    plan_subjects   = ["repo:acme/*:pull_request"]
    provider_arn    = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }
}

run "a_pull_request_may_not_deploy" {
  command         = plan
  expect_failures = [var.deploy_subjects]

  variables {
    deploy_subjects = ["repo:acme/nightshift:pull_request"]
  }
}

run "a_push_that_no_environment_has_seen_may_not_deploy" {
  command         = plan
  expect_failures = [var.deploy_subjects]

  variables {
    deploy_subjects = ["repo:acme/nightshift:ref:refs/heads/main"]
  }
}
