# A run's surroundings carry the run, and have no way in unless one was asked for.

mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.42.0.0/16" }
  }
}

variables {
  name          = "acme-nightshift-test"
  region        = "us-east-1"
  run           = "mrhealth_sales/scheduled__2026-11-21T03-00-00-00-00"
  pipeline      = "mrhealth_sales"
  business_date = "2026-11-20"
  expires       = "2026-11-21T09:00:00Z"
  vpc_id        = "vpc-0123456789abcdef0"
  certificates  = "s3://acme-nightshift-test-artifacts/certificates/night.zip"
  kms_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

  # terraform test wants an ephemeral variable set from the first run on, or never; without a public key it is not used.
  ssh_private_key = "not a real key"
}

run "there_is_no_way_in_unless_asked" {
  assert {
    condition     = length(module.ssh) == 0 && output.key_name == null && output.key_secret_arn == null
    error_message = "No key pair, no secret, no open port by default."
  }

  assert {
    condition     = startswith(output.security_configuration, "acme-nightshift-test-")
    error_message = "Names start with the name."
  }
}

run "another_run_has_other_names" {
  variables {
    run = "mrhealth_sales/scheduled__2026-11-22T03-00-00-00-00"
  }

  assert {
    condition     = output.security_configuration != run.there_is_no_way_in_unless_asked.security_configuration
    error_message = "Two runs may not meet."
  }
}

run "the_longest_name_and_run_still_fit" {
  command = plan

  variables {
    name = "a-name-of-thirty-one-characters"
    run  = "wordcount/${join("", [for i in range(240) : "x"])}"
  }

  assert {
    condition     = length(output.security_configuration) <= 61
    error_message = "Names must stay within AWS's limits whatever the run is called."
  }
}

run "the_way_in_is_made_when_asked" {
  variables {
    ssh_cidr       = "203.0.113.7/32"
    ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDexampleexampleexampleexampleexampleexampleee night"
  }

  assert {
    condition     = startswith(output.key_name, output.security_configuration) && output.key_secret_arn != null
    error_message = "The key pair carries the run's name, and the secret is told."
  }
}

run "there_is_no_ingestion_host_unless_asked" {
  assert {
    condition     = length(module.ingest_host) == 0 && output.ingest_instance_id == null
    error_message = "Most runs find their files in the bucket."
  }
}

run "an_ingestion_host_is_made_when_asked" {
  variables {
    ingest_host = { subnet_id = "subnet-0123456789abcdef0", instance_profile = "acme-nightshift-test-ingest-host" }
  }

  assert {
    condition     = length(module.ingest_host) == 1 && output.ingest_instance_id == module.ingest_host[0].instance_id
    error_message = "Whoever sends it work is told which instance it is."
  }
}

run "a_key_without_a_network_is_refused" {
  command         = plan
  expect_failures = [var.ssh_public_key]

  variables {
    ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDexampleexampleexampleexampleexampleexampleee night"
  }
}

run "the_whole_internet_is_refused" {
  command         = plan
  expect_failures = [var.ssh_cidr]

  variables {
    ssh_cidr = "0.0.0.0/0"
  }
}

run "wider_than_16_is_refused_and_so_are_a_day_and_a_moment_that_cannot_be" {
  command         = plan
  expect_failures = [var.ssh_cidr, var.business_date, var.run, var.expires]

  variables {
    ssh_cidr      = "10.0.0.0/15"
    business_date = "2026-02-30"
    run           = "scheduled__2026-11-21"
    expires       = "2026-11-21T06:00:00-03:00"
  }
}
