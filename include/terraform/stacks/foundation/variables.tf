# The variables of the foundation.

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

variable "azs" {
  description = "Availability zones to spread the private subnets over."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3, 4, 5, 6], var.azs)
    error_message = "azs must be 2 to 6: with one zone a capacity shortage there stops every night."
  }
}

variable "nat" {
  description = "Whether the private subnets can reach the internet through a NAT gateway (billed by the hour)."
  type        = bool
  default     = false
  nullable    = false
}

variable "interface_endpoints" {
  description = "Services to reach without the internet, by the last part of their endpoint name: kms, glue, logs, ssm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.interface_endpoints : can(regex("^[a-z0-9.-]+$", s)) && s != "s3"])
    error_message = "interface_endpoints are names like kms or ecr.api; s3 already has its free gateway endpoint."
  }
}

variable "lifecycle_rules" {
  description = "Whether objects expire. Off saves 55 seconds of provider waits where nothing lives long enough to expire."
  type        = bool
  default     = true
  nullable    = false
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

variable "sources" {
  description = "Secrets below <name>/sources/ that the clusters and the ingestion hosts of a pipeline may open, by pipeline. Each has a role of its own."
  type = object({
    clusters = map(set(string))
    hosts    = map(set(string))
  })
  default = {
    clusters = {
      card_movements = ["cards"]
      mrhealth_sales = ["head_office"]
    }
    hosts = {
      covid_hospitals = ["covid_api", "covid_tables"]
    }
  }
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

variable "force_destroy" {
  description = "Whether destroy may delete buckets that still have objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "prevent_destroy" {
  description = "Whether terraform refuses any plan that destroys or replaces a bucket or the key. Decided when they are made: later it takes terraform state mv."
  type        = bool
  default     = true
  nullable    = false
}
