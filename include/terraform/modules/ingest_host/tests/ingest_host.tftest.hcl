# Nobody can reach the host, it reaches no more than its work needs, and it ends by itself.

mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.42.0.0/16" }
  }
}

variables {
  name             = "acme-nightshift-test-0123456789ab"
  vpc_id           = "vpc-0123456789abcdef0"
  subnet_id        = "subnet-0123456789abcdef0"
  instance_profile = "acme-nightshift-test-ingest-host"
  kms_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "nothing_comes_in" {
  assert {
    condition     = length(aws_security_group.this.ingress) == 0 && toset(aws_instance.this.vpc_security_group_ids) == toset([aws_security_group.this.id])
    error_message = "The host has one security group, and that one has no way in."
  }
}

run "out_it_reaches_https_and_the_vpcs_databases_only" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_egress_rule.https.from_port == 443 && aws_vpc_security_group_egress_rule.https.to_port == 443 && aws_vpc_security_group_egress_rule.https.ip_protocol == "tcp"
    error_message = "Only 443 leaves the VPC."
  }

  assert {
    condition     = { for port, r in aws_vpc_security_group_egress_rule.databases : port => "${r.cidr_ipv4} ${r.ip_protocol} ${r.from_port}-${r.to_port}" } == { "5432" = "10.42.0.0/16 tcp 5432-5432" }
    error_message = "Databases are reached inside the VPC only."
  }
}

run "other_databases_have_other_ports" {
  command = plan

  variables {
    database_ports = [3306, 5432]
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.databases) == ["3306", "5432"] && alltrue([for r in aws_vpc_security_group_egress_rule.databases : r.cidr_ipv4 == "10.42.0.0/16"])
    error_message = "One rule a port, inside the VPC."
  }
}

run "it_ends_by_itself" {
  command = plan

  variables {
    limit_minutes = 45
  }

  assert {
    condition     = aws_instance.this.instance_initiated_shutdown_behavior == "terminate" && aws_instance.this.user_data == "#!/bin/sh\nshutdown -P +45\n"
    error_message = "A forgotten host must shut down, and shutting down must end what is billed."
  }

  assert {
    condition     = aws_instance.this.root_block_device[0].delete_on_termination
    error_message = "Its disk goes with it."
  }
}

run "its_credentials_and_its_disk_are_its_own" {
  command = plan

  assert {
    condition     = aws_instance.this.metadata_options[0].http_tokens == "required" && aws_instance.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2 only, one hop."
  }

  assert {
    condition     = aws_instance.this.root_block_device[0].encrypted && aws_instance.this.root_block_device[0].kms_key_id == var.kms_key_arn
    error_message = "The disk is encrypted with our key."
  }

  assert {
    condition     = aws_instance.this.iam_instance_profile == var.instance_profile && aws_instance.this.instance_type == "t3.small" && aws_instance.this.ami == "ami-0123456789abcdef0"
    error_message = "A small machine on AWS's own image, under the role that was given."
  }
}

run "what_cannot_work_is_refused" {
  command         = plan
  expect_failures = [var.name, var.vpc_id, var.subnet_id, var.instance_profile, var.kms_key_arn, var.instance_type, var.limit_minutes, var.database_ports]

  variables {
    name             = "Acme"
    vpc_id           = "default"
    subnet_id        = "public"
    instance_profile = "arn:aws:iam::123456789012:instance-profile/acme"
    kms_key_arn      = "alias/acme"
    instance_type    = "t4g.small"
    limit_minutes    = 5
    database_ports   = [0]
  }
}
