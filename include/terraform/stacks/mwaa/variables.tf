# The variables of the environment beyond its name; the module validates them.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "region" {
  description = "AWS region, for example us-east-1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "max_retries" {
  description = "How often the provider repeats a call that AWS throttled or failed."
  type        = number
  default     = 25
  nullable    = false

  validation {
    condition     = var.max_retries >= 1 && floor(var.max_retries) == var.max_retries
    error_message = "max_retries must be a whole number, at least 1."
  }
}

variable "environment_class" {
  description = "Size of scheduler and workers. mw1.micro is left out: its one worker has no room for terraform beside a task."
  type        = string
  default     = "mw1.small"
  nullable    = false
}

variable "tasks_per_worker" {
  description = "Tasks that one worker runs at a time. A terraform apply takes about 0.6 GB, and mw1.small has 2."
  type        = number
  default     = 2
  nullable    = false
}

variable "min_workers" {
  description = "Workers that always run; the environment's price includes one."
  type        = number
  default     = 1
  nullable    = false
}

variable "max_workers" {
  description = "Workers that may be there when many tasks wait, each billed by the hour beyond the first."
  type        = number
  default     = 2
  nullable    = false
}

variable "webserver_access_mode" {
  description = "PUBLIC_ONLY: the UI is reached from the internet by whom IAM lets in. PRIVATE_ONLY: from inside the VPC alone."
  type        = string
  default     = "PRIVATE_ONLY"
  nullable    = false
}

variable "maintenance_window" {
  description = "When AWS may restart the environment each week, DAY:HH:MM in UTC: not at midnight where the nights run."
  type        = string
  default     = "SUN:15:00"
  nullable    = false
}

variable "log_days" {
  description = "Days that log lines are kept, one of CloudWatch's own numbers."
  type        = number
  default     = 30
  nullable    = false
}

variable "airflow_options" {
  description = "More of Airflow's settings, section.key = value; over those of this module."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "database_ports" {
  description = "Ports of databases inside the VPC whose tables are looked at before a cluster reads them."
  type        = set(number)
  default     = [3306, 5432]
  nullable    = false
}
