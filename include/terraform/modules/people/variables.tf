# Who the people are, and what beyond the lake they have to do with.

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
  description = "AWS region, for example us-east-1; the roles work in no other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "kms_key_arn" {
  description = "Key that buckets and topic are encrypted with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
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

  validation {
    condition     = alltrue([for p in setunion(var.principals.governance, var.principals.reader) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", p))])
    error_message = "principals are ARNs of roles or users: no whole account (root), no wildcard."
  }
}

variable "users" {
  description = "IAM users to make, by name, with their role: governance or reader. Their keys are made by hand, if at all."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for user, role in var.users : can(regex("^[a-z][a-z0-9._-]{0,31}$", user)) && contains(["governance", "reader"], role)])
    error_message = "users is a map like { ana = \"reader\" }; roles are governance and reader."
  }
}

variable "queue_arns" {
  description = "ARNs of SQS queues that governance works off: dead letters, copies of the nights' reports."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for q in var.queue_arns : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}([.]fifo)?$", q))])
    error_message = "queue_arns must be ARNs of queues, without wildcards."
  }
}

variable "log_groups" {
  description = "Names of the CloudWatch log groups that governance reads."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for group in var.log_groups : can(regex("^[A-Za-z0-9_/.#-]{1,512}$", group))])
    error_message = "log_groups must be names of log groups, without wildcards."
  }
}

variable "functions" {
  description = "Names of the Lambda functions that governance may invoke, such as those that rotate secrets."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for function in var.functions : can(regex("^[A-Za-z0-9_-]{1,64}$", function))])
    error_message = "functions must be names of functions, without wildcards."
  }
}

variable "backup_vault" {
  description = "AWS Backup vault whose recovery points governance may see; null if old versions are the only backup."
  type        = string
  default     = null

  validation {
    condition     = var.backup_vault == null || can(regex("^[A-Za-z0-9_-]{2,50}$", var.backup_vault))
    error_message = "backup_vault must be the name of a vault."
  }
}

variable "tasks" {
  description = "ECS tasks that readers may run: the cluster, the families of task definitions, the roles that they are handed."
  type = object({
    cluster   = string
    families  = set(string)
    role_arns = set(string)
  })
  default = null

  validation {
    condition     = var.tasks == null || try(length(var.tasks.families) > 0 && alltrue([for word in setunion(var.tasks.families, [var.tasks.cluster]) : can(regex("^[A-Za-z0-9_-]{1,255}$", word))]), false)
    error_message = "tasks must name a cluster and at least one family, without wildcards."
  }

  validation {
    condition     = var.tasks == null || try(length(var.tasks.role_arns) > 0 && alltrue([for role in var.tasks.role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", role))]), false)
    error_message = "tasks.role_arns must be the ARNs of the tasks' own roles (execution role and task role), without wildcards."
  }
}
