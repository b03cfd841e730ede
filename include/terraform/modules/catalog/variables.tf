# The variables of the catalog.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "lake_bucket" {
  description = "Bucket of the lake; new tables are created under the layer's prefix."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.lake_bucket))
    error_message = "lake_bucket must be the name of a bucket, without s3://."
  }
}

variable "layers" {
  description = "Layers of the lake that get a database."
  type        = set(string)
  default     = ["bronze", "silver", "gold"]
  nullable    = false

  validation {
    condition     = alltrue([for l in var.layers : can(regex("^[a-z][a-z0-9_]*$", l))])
    error_message = "layers must be lower-case words."
  }
}
