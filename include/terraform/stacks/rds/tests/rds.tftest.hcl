# The database is private, encrypted and takes TLS only; its password is in the secret that the jobs read, and nowhere else.

mock_provider "aws" {
  mock_data "aws_kms_alias" {
    defaults = { target_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_data "aws_vpc" {
    defaults = { id = "vpc-1", cidr_block = "10.20.0.0/16" }
  }

  mock_resource "aws_db_instance" {
    defaults = { address = "acme-nightshift-test-cards.abc.us-east-1.rds.amazonaws.com" }
  }
}

variables {
  name     = "acme-nightshift-test"
  region   = "us-east-1"
  password = "a-long-and-secret-word"
}

run "it_is_private_encrypted_and_kept" {
  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted && aws_db_instance.this.deletion_protection
    error_message = "No address of the internet, the foundation's key, no deletion by mistake."
  }

  assert {
    condition     = aws_db_instance.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    error_message = "The key of the data."
  }

  assert {
    condition     = aws_db_instance.this.password == null && aws_secretsmanager_secret_version.this.secret_string == null
    error_message = "The password is in no state."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.this.from_port == 3306
    error_message = "Its port alone, from inside the VPC alone."
  }

  assert {
    condition     = output.secret == "acme-nightshift-test/sources/cards" && output.url == "mysql://nightshift@acme-nightshift-test-cards.abc.us-east-1.rds.amazonaws.com:3306/coop"
    error_message = "The secret is where the foundation's roles may read it; the address is what seed-source takes."
  }
}

run "either_engine_takes_tls_only" {
  command = plan

  variables {
    engine = "postgres"
  }

  assert {
    condition     = one(aws_db_parameter_group.this.parameter).name == "rds.force_ssl" && aws_db_parameter_group.this.family == "postgres16"
    error_message = "PostgreSQL's parameter."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.from_port == 5432
    error_message = "PostgreSQL's port."
  }
}

run "a_short_password_and_another_engine_are_refused" {
  command         = plan
  expect_failures = [var.password, var.engine]

  variables {
    password = "short"
    engine   = "oracle"
  }
}
