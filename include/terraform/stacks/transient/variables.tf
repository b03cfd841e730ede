# The variables of a run's stack.

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

variable "owner" {
  description = "Who answers for what the run makes."
  type        = string
  default     = "nightshift"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.owner))
    error_message = "owner must be 1 to 256 letters, digits, spaces or _.:/=+@- (it is a tag)."
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

variable "run" {
  description = "The run, as <dag id>/<slug of the run id>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9._-]+$", var.run)) && length(var.run) <= 256
    error_message = "run must be <dag id>/<slug> in letters, digits, dot, dash and underscore, at most 256 characters (it is a tag)."
  }
}

variable "pipeline" {
  description = "Pipeline that the run belongs to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,127}$", var.pipeline))
    error_message = "pipeline must be a lower-case word like mrhealth_sales."
  }
}

variable "business_date" {
  description = "Day that the run's data is about, YYYY-MM-DD."
  type        = string
  nullable    = false

  validation {
    condition     = try(formatdate("YYYY-MM-DD", "${var.business_date}T00:00:00Z") == var.business_date, false)
    error_message = "business_date must be a day that exists, as YYYY-MM-DD."
  }
}

variable "expires" {
  description = "Moment in UTC after which the reaper may remove the run's resources, ISO 8601."
  type        = string
  nullable    = false

  validation {
    condition     = can(timeadd(var.expires, "0s")) && can(regex("(Z|[+]00:00)$", var.expires))
    error_message = "expires must be a moment in UTC like 2026-11-21T09:00:00Z."
  }
}

variable "vpc_id" {
  description = "VPC that the cluster starts in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must look like vpc-0123456789abcdef0."
  }
}

variable "certificates" {
  description = "Zip of PEM files that encrypt traffic between nodes: privateKey.pem, certificateChain.pem, trustedCertificates.pem."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]+/.+[.]zip$", var.certificates))
    error_message = "certificates must be the s3:// address of a .zip."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts what the cluster writes to S3 and to its disks."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}

variable "ssh_cidr" {
  description = "Network that may reach port 22 of the primary node: IPv4 /16 or narrower, IPv6 /48 or narrower."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_cidr == null || try(cidrsubnet(var.ssh_cidr, 0, 0) == var.ssh_cidr, false)
    error_message = "ssh_cidr must be a network with no host bits set, like 203.0.113.7/32."
  }

  validation {
    condition     = var.ssh_cidr == null || try(tonumber(split("/", var.ssh_cidr)[1]) >= (strcontains(var.ssh_cidr, ":") ? 48 : 16), false)
    error_message = "ssh_cidr must be /16 or narrower (IPv6: /48): 0.0.0.0/0, ::/0 and other wide networks may not reach port 22."
  }
}

variable "ssh_public_key" {
  description = "Public key of this run, in OpenSSH form. Without one there is no key pair, no secret and no open port."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_public_key == null || var.ssh_cidr != null
    error_message = "ssh_public_key needs ssh_cidr: name the network that may log in."
  }
}

variable "ssh_private_key" {
  description = "Private half of ssh_public_key, needed when the pair is made. Goes to Secrets Manager, never to state or plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "ingest_host" {
  description = "The run's ingestion host: public subnet and name of its instance profile, from the foundation's outputs. Null: none."
  type = object({
    subnet_id        = string
    instance_profile = string
    instance_type    = optional(string, "t3.small")
    limit_minutes    = optional(number, 120)
  })
  default = null
}
