# What an operator says about people, secrets and money; by default nobody, none and nothing.

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

variable "principals" {
  description = "ARNs of roles or users that may assume each role, as those of IAM Identity Center."
  type = object({
    governance = optional(set(string), [])
    reader     = optional(set(string), [])
  })
  default  = {}
  nullable = false
}

variable "users" {
  description = "IAM users to make, by name, with their role: governance or reader. Their keys are made by hand, if at all."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "queue_arns" {
  description = "ARNs of SQS queues that governance works off: dead letters, copies of the nights' reports."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "log_groups" {
  description = "Names of the CloudWatch log groups that governance reads."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "functions" {
  description = "Names of the Lambda functions that governance may invoke, such as those that rotate secrets."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "backup_vault" {
  description = "AWS Backup vault whose recovery points governance may see; null if old versions are the only backup."
  type        = string
  default     = null
}

variable "tasks" {
  description = "ECS tasks that readers may run: the cluster, the families of task definitions, the roles that they are handed."
  type = object({
    cluster   = string
    families  = set(string)
    role_arns = set(string)
  })
  default = null
}

variable "secrets" {
  description = "Secrets by name below <name>/: sources/<database> for what clusters read, ssh/<host> for people's keys. value_version 0: put by hand."
  type = map(object({
    description   = string
    value_version = optional(number, 0)
    rotation = optional(object({
      function_arn = string
      days         = optional(number, 30)
    }))
  }))
  default  = {}
  nullable = false
}

variable "secret_values" {
  description = "Values of the secrets that have a value_version, by name. Never in state or plan."
  type        = map(string)
  default     = {}
  nullable    = false
  ephemeral   = true
  sensitive   = true
}

variable "recovery_days" {
  description = "Days that a deleted secret can still be brought back: 7 to 30, or 0 for none."
  type        = number
  default     = 30
  nullable    = false
}

variable "monthly_usd" {
  description = "What a month may cost, in US dollars; null for no budget."
  type        = number
  default     = null
}

variable "budget_emails" {
  description = "Addresses to notify at 80 and 100 % of the budget, and when the month is forecast to pass it."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "budget_topics" {
  description = "SNS topic to notify too, at most one."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "budget_tagged_only" {
  description = "Whether only what carries nightshift:name is counted; needs that cost allocation tag activated."
  type        = bool
  default     = false
  nullable    = false
}
