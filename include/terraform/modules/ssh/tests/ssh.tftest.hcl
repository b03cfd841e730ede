# The way in is as narrow as it was asked for, and its private half is in Secrets Manager alone.

mock_provider "aws" {}

variables {
  name              = "acme-nightshift-test-0123456789ab"
  secret_name       = "acme-nightshift-test/runs/0123456789ab/ssh"
  cidr              = "203.0.113.0/24"
  public_key        = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDexampleexampleexampleexampleexampleexampleee night"
  private_key       = "not a real key"
  kms_key_arn       = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  security_group_id = "sg-0123456789abcdef0"
}

run "port_22_opens_to_the_named_network_only" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.cidr_ipv4 == "203.0.113.0/24" && aws_vpc_security_group_ingress_rule.this.cidr_ipv6 == null
    error_message = "Nobody else may come in."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.from_port == 22 && aws_vpc_security_group_ingress_rule.this.to_port == 22 && aws_vpc_security_group_ingress_rule.this.ip_protocol == "tcp"
    error_message = "No other port."
  }
}

run "the_private_key_is_in_a_secret_and_in_no_state" {
  assert {
    condition     = aws_secretsmanager_secret_version.this.secret_string == null && aws_secretsmanager_secret_version.this.secret_string_wo == null
    error_message = "The state may not hold the private key."
  }

  assert {
    condition     = aws_secretsmanager_secret.this.recovery_window_in_days == 0 && aws_secretsmanager_secret.this.kms_key_id == var.kms_key_arn
    error_message = "The secret is encrypted with our key and goes at once."
  }
}

run "who_destroys_the_run_needs_no_private_key" {
  command = plan

  variables {
    private_key = null
  }

  assert {
    condition     = aws_key_pair.this.public_key == var.public_key
    error_message = "A plan without the private key must succeed."
  }
}

run "an_ipv6_network_opens_as_one" {
  command = plan

  variables {
    cidr = "2001:db8:1::/48"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this.cidr_ipv6 == "2001:db8:1::/48" && aws_vpc_security_group_ingress_rule.this.cidr_ipv4 == null
    error_message = "IPv6 networks go into the rule's IPv6 field."
  }
}

run "the_whole_internet_is_refused" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "0.0.0.0/0"
  }
}

run "the_whole_ipv6_internet_is_refused" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "::/0"
  }
}

run "wider_than_16_is_refused" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "10.0.0.0/15"
  }
}

run "an_ipv6_network_wider_than_a_site_is_refused" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "2001:db8::/32"
  }
}

run "what_is_no_network_and_no_public_key_are_refused" {
  command         = plan
  expect_failures = [var.cidr, var.public_key]

  variables {
    cidr       = "office"
    public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
  }
}
