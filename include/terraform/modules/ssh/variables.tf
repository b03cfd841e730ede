# The variables of SSH access.

variable "name" {
  description = "Prefix of every resource this module makes; carries the run, so that runs do not meet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,60}$", var.name))
    error_message = "name must be 3 to 61 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "secret_name" {
  description = "Name of the secret with the private key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", var.secret_name))
    error_message = "secret_name may have letters, digits and /_+=.@-, at most 512."
  }
}

variable "cidr" {
  description = "Network that may reach port 22: IPv4 /16 or narrower, IPv6 /48 or narrower."
  type        = string
  nullable    = false

  validation {
    condition     = try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "cidr must be a network with no host bits set, like 203.0.113.7/32."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= (strcontains(var.cidr, ":") ? 48 : 16), false)
    error_message = "cidr must be /16 or narrower (IPv6: /48): 0.0.0.0/0, ::/0 and other wide networks may not reach port 22."
  }
}

variable "public_key" {
  description = "Public key in OpenSSH form, ssh-ed25519 or ssh-rsa."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^ssh-(ed25519|rsa) [A-Za-z0-9+/]+={0,2}( .*)?$", trimspace(var.public_key)))
    error_message = "public_key must be one line in OpenSSH form that starts with ssh-ed25519 or ssh-rsa."
  }
}

variable "private_key" {
  description = "Private half of public_key. Needed when the pair is made; never stored in state or plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "security_group_id" {
  description = "Security group of the primary node."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias and not an id."
  }
}
