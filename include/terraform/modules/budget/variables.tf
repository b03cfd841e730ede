# The limit, and who is notified.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "monthly_usd" {
  description = "What a month may cost, in US dollars."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_usd > 0
    error_message = "monthly_usd must be more than nothing."
  }
}

variable "email_addresses" {
  description = "Addresses to notify, at most ten."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.email_addresses) <= 10 && alltrue([for e in var.email_addresses : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", e))])
    error_message = "email_addresses must be at most ten mail addresses like ops@example.com."
  }

  validation {
    condition     = length(var.email_addresses) + length(var.topic_arns) > 0
    error_message = "A budget needs somebody to notify: name an address or a topic."
  }
}

variable "topic_arns" {
  description = "SNS topic to notify too, at most one; its policy, and its key's, must let budgets.amazonaws.com publish."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.topic_arns) <= 1 && alltrue([for t in var.topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", t))])
    error_message = "topic_arns must be the ARN of one topic, or none."
  }
}

variable "tagged_only" {
  description = "Whether only what carries nightshift:name is counted. Needs that cost allocation tag activated, or all is zero."
  type        = bool
  default     = false
  nullable    = false
}
