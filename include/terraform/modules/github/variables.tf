# Which workflows are let in, and where they deploy to.

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

variable "deploy_subjects" {
  description = "Workflows that may deploy, as GitHub's token calls them (sub): repo:ORG/REPO:environment:prod, or repo:ORG@ORGID/REPO@REPOID:environment:prod."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.deploy_subjects : can(regex("^repo:[A-Za-z0-9_.-]+(@[0-9]+)?/[A-Za-z0-9_.-]+(@[0-9]+)?:environment:[A-Za-z0-9_.-]+$", s))])
    error_message = "deploy_subjects must name one environment of one repository each, without wildcards: a branch has no reviewers."
  }
}

variable "plan_subjects" {
  description = "Workflows that may plan, such as those of pull requests: repo:ORG/REPO:pull_request."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.plan_subjects : can(regex("^repo:[A-Za-z0-9_.-]+(@[0-9]+)?/[A-Za-z0-9_.-]+(@[0-9]+)?:(pull_request|ref:refs/heads/[A-Za-z0-9_./-]+|environment:[A-Za-z0-9_.-]+)$", s))])
    error_message = "plan_subjects must name pull_request, one branch or one environment of one repository each, without wildcards."
  }
}

variable "provider_arn" {
  description = "ARN of the account's OIDC provider for GitHub, if it has one already; null makes it."
  type        = string
  default     = null

  validation {
    condition     = var.provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token[.]actions[.]githubusercontent[.]com$", var.provider_arn))
    error_message = "provider_arn must be the ARN of the provider token.actions.githubusercontent.com."
  }
}

variable "states" {
  description = "Keys of the states that a deployment keeps; a night's own and the people's are none of its."
  type        = set(string)
  default     = ["foundation.tfstate", "mwaa.tfstate"]
  nullable    = false

  validation {
    condition     = alltrue([for s in var.states : can(regex("^[a-z0-9_-]+[.]tfstate$", s))])
    error_message = "states must be keys like foundation.tfstate."
  }
}

variable "bundle_prefix" {
  description = "Prefix of the bundle for MWAA in the artifacts bucket."
  type        = string
  default     = "mwaa/"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_-]+(/[a-z0-9_-]+)*/$", var.bundle_prefix))
    error_message = "bundle_prefix must be a folder that ends with a slash."
  }
}
