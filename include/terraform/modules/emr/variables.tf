# The variables of a cluster's surroundings.

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
