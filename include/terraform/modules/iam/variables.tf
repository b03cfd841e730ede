# The variables of the roles: the resources they are scoped to.

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

variable "bucket_arns" {
  description = "ARNs of the buckets raw, lake, artifacts and logs, by kind."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["raw", "lake", "artifacts", "logs"], keys(var.bucket_arns))) == 0
    error_message = "bucket_arns must name raw, lake, artifacts and logs."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the bucket that terraform keeps its state in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.state_bucket_arn))
    error_message = "state_bucket_arn must be the ARN of a bucket, like arn:aws:s3:::acme-nightshift-state."
  }
}

variable "kms_key_arn" {
  description = "Key that the buckets, the topic, the secrets and the nodes' disks are encrypted with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "topic_arn" {
  description = "SNS topic that nights report to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "topic_arn must be the ARN of a topic."
  }
}

variable "sources" {
  description = "Secrets below <name>/sources/ that the clusters and the ingestion hosts of a pipeline may open, by pipeline. Each has a role of its own."
  type = object({
    clusters = map(set(string))
    hosts    = map(set(string))
  })
  nullable = false

  validation {
    condition = alltrue([for pipeline, sources in merge(var.sources.clusters, var.sources.hosts) :
      can(regex("^[a-z][a-z0-9_]{0,18}$", pipeline)) && length(sources) > 0
    ])
    error_message = "sources are by pipeline, at most 19 lower-case letters, digits and _, each with one secret at least."
  }

  validation {
    condition     = alltrue([for source in flatten([for sources in concat(values(var.sources.clusters), values(var.sources.hosts)) : tolist(sources)]) : can(regex("^[a-z0-9_-]+$", source))])
    error_message = "sources are called as their secrets, in lower-case letters, digits, _ and -, without wildcards."
  }
}
