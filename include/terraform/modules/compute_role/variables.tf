# What the roles are scoped to: the service and the resources.

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

variable "service" {
  description = "Service that runs the jobs: emr-serverless, glue, or pods.eks, which is EKS's pod identity."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["emr-serverless", "glue", "pods.eks"], var.service)
    error_message = "service must be emr-serverless, glue or pods.eks."
  }
}

variable "bucket_arns" {
  description = "ARNs of the buckets raw, lake, artifacts and logs, by kind."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["raw", "lake", "artifacts", "logs"], keys(var.bucket_arns))) == 0
    error_message = "bucket_arns must name raw, lake, artifacts and logs."
  }
}

variable "kms_key_arn" {
  description = "Key that the buckets and the sources' secrets are encrypted with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "sources" {
  description = "Secrets below <name>/sources/ that a pipeline's jobs may open, by pipeline. Each has a role of its own."
  type        = map(set(string))
  nullable    = false

  validation {
    condition = alltrue([for pipeline, sources in var.sources :
      can(regex("^[a-z][a-z0-9_]{0,18}$", pipeline)) && length(sources) > 0
    ])
    error_message = "sources are by pipeline, at most 19 lower-case letters, digits and _, each with one secret at least."
  }

  validation {
    condition     = alltrue([for source in flatten([for sources in values(var.sources) : tolist(sources)]) : can(regex("^[a-z0-9_-]+$", source))])
    error_message = "sources are called as their secrets, in lower-case letters, digits, _ and -, without wildcards."
  }
}
