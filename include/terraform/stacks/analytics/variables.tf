# The variables of the analytics.

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

variable "scan_limit_bytes" {
  description = "What one query may scan; Athena cancels it beyond that. Athena bills by bytes scanned."
  type        = number
  default     = 10737418240
  nullable    = false
}

variable "language" {
  description = "Language of descriptions and titles, as NIGHTSHIFT_LANGUAGE: en or pt-BR."
  type        = string
  default     = "en"
  nullable    = false

  validation {
    condition     = contains(["en", "pt-BR"], var.language)
    error_message = "language must be en or pt-BR."
  }
}
