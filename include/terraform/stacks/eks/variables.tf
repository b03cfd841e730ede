# The variables of the cluster.

variable "name" {
  description = "Prefix of every resource this stack makes."
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

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.33"
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must look like 1.33."
  }
}

variable "instance_type" {
  description = "Type of the nodes: NIGHTSHIFT_KUBERNETES_NODE_TYPE."
  type        = string
  default     = "m5.xlarge"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type must look like m5.xlarge."
  }
}

variable "nodes" {
  description = "How many nodes are up: a driver and its executors. 0 between nights costs nothing but the cluster."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.nodes >= 0 && floor(var.nodes) == var.nodes
    error_message = "nodes must be a whole number, at least 0."
  }
}

variable "public_cidrs" {
  description = "Networks that may reach the API over the internet; with none it is reached from inside the VPC alone."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.public_cidrs : can(cidrhost(cidr, 0)) && !startswith(cidr, "0.0.0.0")])
    error_message = "public_cidrs are networks like 198.51.100.0/24, and not the whole internet."
  }
}

variable "namespace" {
  description = "Namespace of the pods: NIGHTSHIFT_KUBERNETES_NAMESPACE."
  type        = string
  default     = "nightshift"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.namespace))
    error_message = "namespace is lower-case letters, digits and dashes, and starts with a letter."
  }
}

variable "source_pipelines" {
  description = "Pipelines whose jobs open a source: the keys of the foundation's sources.clusters."
  type        = set(string)
  default     = ["card_movements", "mrhealth_sales"]
  nullable    = false
}

variable "log_days" {
  description = "Days that CloudWatch keeps the control plane's logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], var.log_days)
    error_message = "log_days must be one that CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 180 or 365."
  }
}
