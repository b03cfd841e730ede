# The variables of the buckets.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "kinds" {
  description = "Which buckets to make; each is called <name>-<kind>."
  type        = set(string)
  default     = ["raw", "lake", "artifacts", "logs"]
  nullable    = false

  validation {
    condition     = length(var.kinds) > 0 && length(setsubtract(var.kinds, ["raw", "lake", "artifacts", "logs", "state"])) == 0
    error_message = "kinds are raw, lake, artifacts, logs and state, at least one of them."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects; null means the key that AWS manages for S3 in this account."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "lifecycle_rules" {
  description = "Whether objects expire. Off saves 55 seconds of provider waits where nothing lives long enough to expire."
  type        = bool
  default     = true
  nullable    = false
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number of days, at least 1."
  }
}

variable "force_destroy" {
  description = "Whether destroy may delete buckets that still have objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "prevent_destroy" {
  description = "Whether terraform refuses any plan that destroys or replaces a bucket. Decided when they are made: later it takes terraform state mv."
  type        = bool
  default     = true
  nullable    = false
}
