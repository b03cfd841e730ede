# The variables of bootstrap.

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

variable "lifecycle_rules" {
  description = "Whether old versions of states expire. Off saves 55 seconds of provider waits where nothing lives that long."
  type        = bool
  default     = true
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroy may delete the bucket while it has states."
  type        = bool
  default     = false
  nullable    = false
}

variable "prevent_destroy" {
  description = "Whether terraform refuses any plan that destroys or replaces the state bucket. Decided when it is made: later it takes terraform state mv."
  type        = bool
  default     = true
  nullable    = false
}

variable "github_deploy_subjects" {
  description = "Workflows that may deploy (sub of GitHub's token): repo:ORG/REPO:environment:prod, or repo:ORG@ORGID/REPO@REPOID:… of newer repositories."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "github_plan_subjects" {
  description = "Workflows that may plan: repo:ORG/REPO:pull_request, or repo:ORG@ORGID/REPO@REPOID:pull_request."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "github_provider_arn" {
  description = "ARN of the account's OIDC provider for GitHub, if another name made it already; null makes it."
  type        = string
  default     = null
}
