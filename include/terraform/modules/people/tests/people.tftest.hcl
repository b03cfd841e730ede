# People may do what was named, through a role, within a boundary; nobody is let in by default.

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
}

variables {
  name        = "acme-nightshift-test"
  region      = "us-east-1"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  principals  = { governance = ["arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Owners_0123"], reader = ["arn:aws:iam::123456789012:role/analysts"] }
  queue_arns  = ["arn:aws:sqs:us-east-1:123456789012:nights"]
  log_groups  = ["airflow-acme-nightshift-test-Task"]
  functions   = ["rotate-cards"]
  tasks       = { cluster = "acme", families = ["export"], role_arns = ["arn:aws:iam::123456789012:role/acme-export"] }
}

run "nobody_is_let_in_by_default" {
  variables {
    principals = {}
  }

  assert {
    condition     = length(aws_iam_role.this) + length(aws_iam_user.this) + length(aws_iam_group.this) == 0 && output.role_arns == {}
    error_message = "A role that nobody was named for must not exist."
  }
}

run "each_role_is_bounded_and_trusts_who_was_named" {
  assert {
    condition     = keys(aws_iam_role.this) == ["governance", "reader"] && alltrue([for r in aws_iam_role.this : r.permissions_boundary == aws_iam_policy.boundary.arn])
    error_message = "Two roles, each within the boundary."
  }

  assert {
    condition     = { for role, d in data.aws_iam_policy_document.trust : role => [for s in d.statement : one(s.principals).identifiers] } == { for role, p in var.principals : role => [p] }
    error_message = "Exactly who was named may assume a role."
  }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = [for s in concat(data.aws_iam_policy_document.governance.statement, data.aws_iam_policy_document.reader.statement) :
    s.sid if anytrue([for a in s.actions : strcontains(a, "*")])] == []
    error_message = "Every action must be named."
  }

  assert {
    condition = [for s in concat(data.aws_iam_policy_document.governance.statement, data.aws_iam_policy_document.reader.statement) :
    s.sid if contains(s.resources, "*")] == ["LookAround"]
    error_message = "Only lists and cost know no resource."
  }
}

run "nobody_can_give_himself_more" {
  command = plan

  assert {
    condition = alltrue([for a in flatten([for s in concat(data.aws_iam_policy_document.governance.statement, data.aws_iam_policy_document.reader.statement) : s.actions]) :
    !startswith(a, "iam:") || startswith(a, "iam:Get") || startswith(a, "iam:List") || a == "iam:PassRole"])
    error_message = "IAM may be read, and named roles handed to named tasks."
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.reader.statement :
      s.resources == toset(["arn:aws:iam::123456789012:role/acme-export"]) && one(s.condition).values == tolist(["ecs-tasks.amazonaws.com"])
    if contains(s.actions, "iam:PassRole")])
    error_message = "PassRole must name the role and the service."
  }
}

run "a_reader_changes_nothing" {
  command = plan

  assert {
    condition = toset([for a in flatten([for s in data.aws_iam_policy_document.reader.statement : s.actions]) : a if !can(regex(":(Get|List|Describe|Decrypt)", a))]) == toset([
      "ecs:RunTask", "ecs:StopTask", "iam:PassRole",
      "athena:BatchGetNamedQuery", "athena:StartQueryExecution", "athena:StopQueryExecution", "s3:PutObject", "kms:GenerateDataKey",
    ])
    error_message = "Beside reading, a reader runs and stops named tasks, and queries."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.reader.statement : s.resources if contains(s.actions, "s3:PutObject")] == [toset(["arn:aws:s3:::acme-nightshift-test-lake/athena/*"])]
    error_message = "What a reader writes is the results of queries."
  }
}

run "what_was_not_named_is_not_granted" {
  command = plan

  variables {
    queue_arns = []
    log_groups = []
    functions  = []
    tasks      = null
  }

  assert {
    condition = length(setintersection([for s in concat(data.aws_iam_policy_document.governance.statement, data.aws_iam_policy_document.reader.statement) : s.sid], [
      "WorkOffQueues", "ReadLogs", "CallFunctions", "SeeTheBackupVault", "RunNamedTasks", "FollowThem", "HandThemTheirRoles",
    ])) == 0
    error_message = "No queue, log, function, vault or task was named."
  }
}

run "a_user_has_a_group_a_boundary_a_second_factor_and_no_key" {
  variables {
    principals = {}
    users      = { ana = "reader", rui = "reader" }
  }

  assert {
    condition     = keys(aws_iam_user.this) == ["ana", "rui"] && alltrue([for u in aws_iam_user.this : u.permissions_boundary == aws_iam_policy.boundary.arn])
    error_message = "Both users, each within the boundary."
  }

  assert {
    condition     = aws_iam_group_membership.this["reader"].users == toset(["acme-nightshift-test-ana", "acme-nightshift-test-rui"]) && keys(aws_iam_role.this) == ["reader"]
    error_message = "They are in their role's group, and no other role is made."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.trust["reader"].statement : [one(s.condition).variable, one(s.condition).values]] == [["aws:MultiFactorAuthPresent", tolist(["true"])]]
    error_message = "A user shows a second factor."
  }
}

run "a_whole_account_a_wildcard_and_an_unknown_role_are_refused" {
  command         = plan
  expect_failures = [var.principals, var.users, var.queue_arns, var.log_groups, var.functions, var.tasks]

  variables {
    principals = { reader = ["arn:aws:iam::123456789012:root"] }
    users      = { ana = "administrator" }
    queue_arns = ["arn:aws:sqs:us-east-1:123456789012:*"]
    log_groups = ["*"]
    functions  = ["rotate-*"]
    tasks      = { cluster = "acme", families = ["*"], role_arns = ["*"] }
  }
}
