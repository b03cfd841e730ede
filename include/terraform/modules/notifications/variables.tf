# The variables of the notifications.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts messages at rest; publishers need kms:GenerateDataKey and kms:Decrypt on it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "email_endpoints" {
  description = "Addresses that get a mail for each night. AWS sends each a link to confirm first."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for e in var.email_endpoints : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", e))])
    error_message = "email_endpoints must be mail addresses like ops@example.com."
  }
}

variable "queue_endpoints" {
  description = "ARNs of SQS queues that get a copy of each message; the queue's own policy must let the topic send."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for q in var.queue_endpoints : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", q))])
    error_message = "queue_endpoints must be ARNs of standard SQS queues; a standard topic cannot feed a FIFO queue."
  }
}
