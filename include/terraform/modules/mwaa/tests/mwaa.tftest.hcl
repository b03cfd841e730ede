# The environment is private, logged for a while, and asks Secrets Manager by its own name.

mock_provider "aws" {
  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.42.0.0/16" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:airflow" }
  }
}

variables {
  name               = "acme-nightshift-test"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
  bucket_arn         = "arn:aws:s3:::acme-nightshift-test-artifacts"
  kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  execution_role_arn = "arn:aws:iam::123456789012:role/acme-nightshift-test-airflow"
}

run "it_is_the_airflow_that_the_bundle_is_made_for" {
  command = plan

  assert {
    condition     = aws_mwaa_environment.this.airflow_version == "3.3.1" && aws_mwaa_environment.this.dag_s3_path == "mwaa/dags"
    error_message = "Version and folder must be the bundle's."
  }

  assert {
    condition     = aws_mwaa_environment.this.webserver_access_mode == "PRIVATE_ONLY" && aws_mwaa_environment.this.kms_key == var.kms_key_arn
    error_message = "Private and under our key unless asked otherwise."
  }
}

run "every_log_group_is_encrypted_and_expires_and_is_written" {
  command = plan

  assert {
    condition = toset(values(aws_cloudwatch_log_group.this)[*].name) == toset([
      for part in ["DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"] : "airflow-acme-nightshift-test-${part}"
    ])
    error_message = "The five groups that MWAA writes to, by their names."
  }

  assert {
    condition     = alltrue([for g in aws_cloudwatch_log_group.this : g.retention_in_days == 30 && g.kms_key_id == var.kms_key_arn])
    error_message = "None may keep its lines for ever or under another key."
  }

  assert {
    condition = alltrue([for kind in ["dag_processing_logs", "scheduler_logs", "task_logs", "webserver_logs", "worker_logs"] :
      one(one(aws_mwaa_environment.this.logging_configuration)[kind]).enabled
    ])
    error_message = "Every kind must be written."
  }

  assert {
    condition     = one(one(aws_mwaa_environment.this.logging_configuration).task_logs).log_level == "INFO"
    error_message = "An operator reads task logs whatever the level of the others."
  }
}

run "secrets_are_looked_for_below_the_name_and_aws_default_is_not" {
  command = plan

  assert {
    condition     = jsondecode(nonsensitive(aws_mwaa_environment.this.airflow_configuration_options)["secrets.backend_kwargs"]).connections_lookup_pattern == "^(?!aws_default$).*$"
    error_message = "MWAA's own pattern must be repeated, for backend_kwargs replace it."
  }

  assert {
    condition     = alltrue([for key, value in jsondecode(nonsensitive(aws_mwaa_environment.this.airflow_configuration_options)["secrets.backend_kwargs"]) : startswith(value, "acme-nightshift-test/") if endswith(key, "prefix")])
    error_message = "Another deployment's secrets must not answer."
  }
}

run "it_talks_to_itself_to_databases_in_the_vpc_and_by_https" {
  assert {
    condition     = aws_vpc_security_group_ingress_rule.self.referenced_security_group_id == aws_security_group.this.id && aws_vpc_security_group_ingress_rule.self.cidr_ipv4 == null
    error_message = "Nothing comes in but from its own group."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https.from_port == 443 && aws_vpc_security_group_egress_rule.https.to_port == 443
    error_message = "To the internet go HTTPS calls alone."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.databases : "${rule.cidr_ipv4}:${rule.from_port}"]) == toset(["10.42.0.0/16:3306", "10.42.0.0/16:5432"])
    error_message = "Databases are asked inside the VPC only."
  }
}

run "a_deployment_may_add_settings_and_size" {
  command = plan

  variables {
    environment_class = "mw1.medium"
    tasks_per_worker  = 5
    airflow_options   = { "core.default_ui_timezone" = "America/Sao_Paulo" }
  }

  assert {
    condition     = nonsensitive(aws_mwaa_environment.this.airflow_configuration_options)["celery.worker_autoscale"] == "5,5" && length(nonsensitive(aws_mwaa_environment.this.airflow_configuration_options)) == 5
    error_message = "Its own settings go beside the module's."
  }
}

run "what_mwaa_would_refuse_is_refused_before_it_is_asked" {
  command = plan
  expect_failures = [
    var.name, var.subnet_ids, var.environment_class, var.webservers, var.schedulers, var.min_workers, var.max_workers,
    var.maintenance_window, var.log_days, var.log_level, var.webserver_access_mode, var.airflow_options, var.tasks_per_worker,
    var.bundle_prefix, var.database_ports,
  ]

  variables {
    name                  = "acme_nightshift"
    subnet_ids            = ["subnet-1", "subnet-1"]
    environment_class     = "mw1.micro"
    webservers            = 1
    schedulers            = 6
    min_workers           = 0
    max_workers           = 26
    maintenance_window    = "SUN:15:10"
    log_days              = 2
    log_level             = "TRACE"
    webserver_access_mode = "PUBLIC"
    airflow_options       = { "timezone" = "UTC" }
    tasks_per_worker      = 0
    bundle_prefix         = "mwaa"
    database_ports        = [0]
  }
}

run "fewer_workers_at_most_than_at_least_are_refused" {
  command         = plan
  expect_failures = [aws_mwaa_environment.this]

  variables {
    min_workers = 3
    max_workers = 2
  }
}
