# The variables of the ingestion host.

variable "name" {
  description = "Prefix of every resource this module makes; carries the run, so that runs do not meet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,60}$", var.name))
    error_message = "name must be 3 to 61 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "vpc_id" {
  description = "VPC that the host starts in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must look like vpc-0123456789abcdef0."
  }
}

variable "subnet_id" {
  description = "Public subnet that the host starts in: its route table leads to an internet gateway."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^subnet-[0-9a-f]+$", var.subnet_id))
    error_message = "subnet_id must look like subnet-0123456789abcdef0."
  }
}

variable "instance_profile" {
  description = "Name of the instance profile that the host works under."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,128}$", var.instance_profile))
    error_message = "instance_profile must be the name of an instance profile, not its ARN."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the host's disk."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "instance_type" {
  description = "What the host runs on; an x86 type, as its image is."
  type        = string
  default     = "t3.small"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+[.][a-z0-9-]+$", var.instance_type)) && !can(regex("^([a-z]+[0-9]+g[a-z]*|a1)[.]", var.instance_type))
    error_message = "instance_type must be an x86 type like t3.small; Graviton types (t4g, m7g) do not run this image."
  }
}

variable "limit_minutes" {
  description = "Minutes after which the host ends itself, whatever it is doing."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.limit_minutes >= 10 && var.limit_minutes <= 1440 && floor(var.limit_minutes) == var.limit_minutes
    error_message = "limit_minutes must be a whole number from 10 to 1440."
  }
}

variable "database_ports" {
  description = "Ports of databases that the host may reach, inside the VPC only."
  type        = set(number)
  default     = [5432]
  nullable    = false

  validation {
    condition     = alltrue([for port in var.database_ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "database_ports must be whole numbers from 1 to 65535."
  }
}
