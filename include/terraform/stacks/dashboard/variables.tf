# The variables of the dashboards.

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

variable "owners" {
  description = "ARNs of QuickSight users or groups that may change and share everything here; one at least, else nobody sees it."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.owners) > 0 && alltrue([for arn in var.owners : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "owners must be ARNs of QuickSight users or groups, like arn:aws:quicksight:us-east-1:123456789012:group/default/owners."
  }
}

variable "readers" {
  description = "ARNs of QuickSight users or groups that may look at the dashboards."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.readers : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "readers must be ARNs of QuickSight users or groups."
  }
}

variable "products" {
  description = "Products that get a dashboard; null for all."
  type        = list(string)
  default     = null
}

variable "quicksight_role" {
  description = "Name of the role that QuickSight reads other services with, such as aws-quicksight-service-role-v0; null if its rights are granted elsewhere."
  type        = string
  default     = null
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
