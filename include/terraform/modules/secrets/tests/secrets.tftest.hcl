# Secrets are encrypted with our key, their values are nowhere, and who has a function rotates.

mock_provider "aws" {
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:acme-AbCdEf" }
  }
}

variables {
  name        = "acme-nightshift-test"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  secrets = {
    "sources/cards" = {
      description = "The bank's database"
      rotation    = { function_arn = "arn:aws:lambda:us-east-1:123456789012:function:rotate-cards" }
    }
    "sources/covid_api" = { description = "The API's address and user", value_version = 1 }
    "ssh/bastion"       = { description = "Private key of the bastion" }
  }
  values = { "sources/covid_api" = "not a real password" }
}

run "every_secret_is_called_after_the_name_and_encrypted_with_the_key_given" {
  assert {
    condition     = toset([for s in aws_secretsmanager_secret.this : s.name]) == toset([for s in keys(var.secrets) : "acme-nightshift-test/${s}"])
    error_message = "Secrets are called <name>/<secret>."
  }

  assert {
    condition     = alltrue([for s in aws_secretsmanager_secret.this : s.kms_key_id == var.kms_key_arn && s.recovery_window_in_days == 30])
    error_message = "Our key, and 30 days to change one's mind."
  }
}

run "a_value_is_in_no_state" {
  assert {
    condition     = keys(aws_secretsmanager_secret_version.this) == ["sources/covid_api"] && aws_secretsmanager_secret_version.this["sources/covid_api"].secret_string == null && aws_secretsmanager_secret_version.this["sources/covid_api"].secret_string_wo == null
    error_message = "Only what has a value_version is written, and the state does not hold it."
  }
}

run "who_has_a_function_rotates_by_it_and_only_for_its_own_secret" {
  assert {
    condition     = keys(aws_secretsmanager_secret_rotation.this) == ["sources/cards"] && aws_secretsmanager_secret_rotation.this["sources/cards"].rotation_lambda_arn == var.secrets["sources/cards"].rotation.function_arn
    error_message = "The hook is on the secret that named a function."
  }

  assert {
    condition     = one(aws_secretsmanager_secret_rotation.this["sources/cards"].rotation_rules).automatically_after_days == 30 && !aws_secretsmanager_secret_rotation.this["sources/cards"].rotate_immediately
    error_message = "Monthly, and not before a first value is there."
  }

  assert {
    condition     = aws_lambda_permission.rotation["sources/cards"].principal == "secretsmanager.amazonaws.com" && aws_lambda_permission.rotation["sources/cards"].source_arn == aws_secretsmanager_secret.this["sources/cards"].arn && aws_lambda_permission.rotation["sources/cards"].source_account == "123456789012"
    error_message = "Secrets Manager may call the function for this secret of this account only."
  }
}

run "a_new_version_without_a_value_does_not_overwrite_a_password_with_nothing" {
  command         = plan
  expect_failures = [aws_secretsmanager_secret_version.this]

  variables {
    values = {}
  }
}

run "two_writers_a_strange_place_and_what_is_no_function_are_refused" {
  command         = plan
  expect_failures = [var.secrets, var.recovery_days]

  variables {
    secrets = {
      "runs/abc" = {
        description   = "a night's own"
        value_version = 1
        rotation      = { function_arn = "rotate-cards", days = 400 }
      }
    }
    recovery_days = 3
  }
}
