# The variables of the environment.

variable "name" {
  description = "Name of the environment, and prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "vpc_id" {
  description = "VPC that Airflow's containers have their interfaces in."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Two private subnets in different zones; AWS replaces the environment when they change."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.subnet_ids)) == 2 && length(var.subnet_ids) == 2
    error_message = "subnet_ids must be two different subnets: MWAA takes no more and no fewer."
  }
}

variable "bucket_arn" {
  description = "Versioned, private bucket that the bundle is brought to."
  type        = string
  nullable    = false
}

variable "bundle_prefix" {
  description = "Prefix of the bundle in the bucket."
  type        = string
  default     = "mwaa/"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_-]+(/[a-z0-9_-]+)*/$", var.bundle_prefix))
    error_message = "bundle_prefix must be a folder that ends with a slash."
  }
}

variable "kms_key_arn" {
  description = "Key of the bucket, and of Airflow's database, queue and logs; its policy must let CloudWatch Logs in."
  type        = string
  nullable    = false
}

variable "execution_role_arn" {
  description = "Role that Airflow works under."
  type        = string
  nullable    = false
}

variable "environment_class" {
  description = "Size of scheduler and workers. mw1.micro is left out: its one worker has no room for terraform beside a task."
  type        = string
  default     = "mw1.small"
  nullable    = false

  validation {
    condition     = contains(["mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"], var.environment_class)
    error_message = "environment_class must be mw1.small, medium, large, xlarge or 2xlarge."
  }
}

variable "tasks_per_worker" {
  description = "Tasks that one worker runs at a time. A terraform apply takes about 0.6 GB, and mw1.small has 2."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.tasks_per_worker >= 1 && floor(var.tasks_per_worker) == var.tasks_per_worker
    error_message = "tasks_per_worker must be a whole number, at least 1."
  }
}

variable "min_workers" {
  description = "Workers that always run; the environment's price includes one."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_workers >= 1 && floor(var.min_workers) == var.min_workers
    error_message = "min_workers must be a whole number, at least 1: a teardown must not wait for a worker."
  }
}

variable "max_workers" {
  description = "Workers that may be there when many tasks wait, each billed by the hour beyond the first."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.max_workers >= 1 && var.max_workers <= 25 && floor(var.max_workers) == var.max_workers
    error_message = "max_workers must be 1 to 25."
  }
}

variable "webservers" {
  description = "Web servers; MWAA wants two."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3, 4, 5], var.webservers)
    error_message = "webservers must be 2 to 5."
  }
}

variable "schedulers" {
  description = "Schedulers; MWAA wants two."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3, 4, 5], var.schedulers)
    error_message = "schedulers must be 2 to 5."
  }
}

variable "webserver_access_mode" {
  description = "PUBLIC_ONLY: the UI is reached from the internet by whom IAM lets in. PRIVATE_ONLY: from inside the VPC alone."
  type        = string
  default     = "PRIVATE_ONLY"
  nullable    = false

  validation {
    condition     = contains(["PUBLIC_ONLY", "PRIVATE_ONLY"], var.webserver_access_mode)
    error_message = "webserver_access_mode must be PUBLIC_ONLY or PRIVATE_ONLY."
  }
}

variable "maintenance_window" {
  description = "When AWS may restart the environment each week, DAY:HH:MM in UTC: not at midnight where the nights run."
  type        = string
  default     = "SUN:15:00"
  nullable    = false

  validation {
    condition     = can(regex("^(MON|TUE|WED|THU|FRI|SAT|SUN):([01][0-9]|2[0-3]):(00|30)$", var.maintenance_window))
    error_message = "maintenance_window must look like SUN:15:00, in half hours."
  }
}

variable "log_level" {
  description = "Least level that the parser, scheduler and web server write; tasks and workers write INFO."
  type        = string
  default     = "WARNING"
  nullable    = false

  validation {
    condition     = contains(["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"], var.log_level)
    error_message = "log_level must be CRITICAL, ERROR, WARNING, INFO or DEBUG."
  }
}

variable "log_days" {
  description = "Days that log lines are kept, one of CloudWatch's own numbers."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_days)
    error_message = "log_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 or 400."
  }
}

variable "airflow_options" {
  description = "More of Airflow's settings, section.key = value; over those of this module."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.airflow_options) : can(regex("^[a-z_]+[.][a-z_]+$", key))])
    error_message = "airflow_options are keyed section.key, like core.default_ui_timezone."
  }
}

variable "database_ports" {
  description = "Ports of databases inside the VPC whose tables are looked at before a cluster reads them."
  type        = set(number)
  default     = [3306, 5432]
  nullable    = false

  validation {
    condition     = alltrue([for port in var.database_ports : port >= 1 && port <= 65535])
    error_message = "database_ports must be 1 to 65535."
  }
}
