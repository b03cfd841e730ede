# Which secrets there are, and how each comes by its value.

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
  description = "Key that encrypts the secrets."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
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

  validation {
    condition     = alltrue([for secret, _ in var.secrets : can(regex("^(sources|ssh)/[a-z0-9][a-z0-9_-]{0,63}$", secret))])
    error_message = "secrets are called sources/<database> or ssh/<host>, in lower-case letters, digits, _ and -."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : s.value_version >= 0 && floor(s.value_version) == s.value_version])
    error_message = "value_version must be a whole number; a higher one writes the value anew, 0 leaves it to others."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : s.rotation == null || s.value_version == 0])
    error_message = "A secret that rotates is written by its function: terraform may not write it too (value_version 0)."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : s.rotation == null || can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$", s.rotation.function_arn))])
    error_message = "rotation.function_arn must be the ARN of a function."
  }

  validation {
    condition     = alltrue([for s in values(var.secrets) : s.rotation == null || try(s.rotation.days >= 1 && s.rotation.days <= 90 && floor(s.rotation.days) == s.rotation.days, false)])
    error_message = "rotation.days must be a whole number, 1 to 90."
  }
}

variable "values" {
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

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30 && floor(var.recovery_days) == var.recovery_days)
    error_message = "recovery_days must be 0 or 7 to 30."
  }
}
