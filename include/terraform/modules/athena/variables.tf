# The variables of the workgroup and its views.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "database" {
  description = "Glue database of gold, which the views are in and read."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.database))
    error_message = "database must be a Glue database that Athena accepts: lower-case letters, digits and _."
  }
}

variable "result_bucket" {
  description = "Bucket of the results, which go below athena/."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.result_bucket))
    error_message = "result_bucket must be the name of a bucket, without s3://."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the results."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key."
  }
}

variable "scan_limit_bytes" {
  description = "What one query may scan; Athena cancels it beyond that. Athena bills by bytes scanned."
  type        = number
  default     = 10737418240
  nullable    = false

  validation {
    condition     = var.scan_limit_bytes >= 10485760 && floor(var.scan_limit_bytes) == var.scan_limit_bytes
    error_message = "scan_limit_bytes must be a whole number, at least 10485760: Athena takes no lower limit."
  }
}

variable "products" {
  description = "Views and saved queries by product, as in views.json."
  type = map(object({
    views = map(object({
      about = string
      sql   = string
      columns = list(object({
        name  = string
        type  = string
        about = string
      }))
    }))
    queries = map(object({
      about = string
      sql   = string
    }))
  }))
  nullable = false
}
