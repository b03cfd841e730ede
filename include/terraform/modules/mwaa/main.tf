# The environment that the schedule lives in. Role, bucket, key and network are the foundation's.

locals {
  # MWAA's own pattern, which backend_kwargs would otherwise replace: aws_default is never looked up.
  # Names begin with the deployment's, so that one Secrets Manager can serve several.
  secrets = {
    connections_prefix         = "${var.name}/connections"
    connections_lookup_pattern = "^(?!aws_default$).*$"
    variables_prefix           = "${var.name}/variables"
  }

  options = {
    "secrets.backend"               = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    "secrets.backend_kwargs"        = jsonencode(local.secrets)
    "workers.execution_api_timeout" = "30" # one slow answer of Airflow's own API fails no task
    "celery.worker_autoscale"       = "${var.tasks_per_worker},${var.tasks_per_worker}"
  }
}

resource "aws_mwaa_environment" "this" {
  name               = var.name
  airflow_version    = "3.3.1"
  environment_class  = var.environment_class
  execution_role_arn = var.execution_role_arn
  kms_key            = var.kms_key_arn

  min_workers    = var.min_workers
  max_workers    = var.max_workers
  min_webservers = var.webservers
  max_webservers = var.webservers
  schedulers     = var.schedulers

  source_bucket_arn             = var.bucket_arn
  dag_s3_path                   = "${var.bundle_prefix}dags"
  airflow_configuration_options = merge(local.options, var.airflow_options)

  webserver_access_mode           = var.webserver_access_mode
  weekly_maintenance_window_start = var.maintenance_window

  network_configuration {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = var.log_level
    }

    scheduler_logs {
      enabled   = true
      log_level = var.log_level
    }

    task_logs {
      enabled   = true
      log_level = "INFO" # what an operator reads at 00:20
    }

    webserver_logs {
      enabled   = true
      log_level = var.log_level
    }

    worker_logs {
      enabled   = true
      log_level = "INFO" # startup.sh logs here whether terraform was fetched
    }
  }

  lifecycle {
    # deploy/bundle.sh points the environment at the bundle's versions: a plan would otherwise take them away.
    ignore_changes = [
      plugins_s3_path, plugins_s3_object_version, requirements_s3_path, requirements_s3_object_version,
      startup_script_s3_path, startup_script_s3_object_version,
    ]

    precondition {
      condition     = var.min_workers <= var.max_workers
      error_message = "min_workers (${var.min_workers}) is more than max_workers (${var.max_workers})."
    }
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_vpc_security_group_ingress_rule.self, aws_vpc_security_group_egress_rule.self, aws_vpc_security_group_egress_rule.https]
}
