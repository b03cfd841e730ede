# The variables of the network.

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

variable "cidr" {
  description = "IPv4 range of the VPC, /16 to /20. Each private subnet takes a sixteenth of it."
  type        = string
  default     = "10.42.0.0/16"
  nullable    = false

  validation {
    condition     = try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false) && can(regex("/(1[6-9]|20)$", var.cidr))
    error_message = "cidr must be an IPv4 network from /16 to /20 with no host bits set, like 10.42.0.0/16."
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
