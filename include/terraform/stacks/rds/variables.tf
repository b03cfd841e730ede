# The variables of the database.

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

variable "source_name" {
  description = "Name of the source, as the foundation's `sources` have it."
  type        = string
  default     = "cards"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,30}$", var.source_name))
    error_message = "source_name is at most 31 lower-case letters, digits and _, and starts with a letter."
  }
}

variable "engine" {
  description = "The database's kind: mysql or postgres."
  type        = string
  default     = "mysql"
  nullable    = false

  validation {
    condition     = contains(["mysql", "postgres"], var.engine)
    error_message = "engine must be mysql or postgres."
  }
}

variable "instance_class" {
  description = "Size of the instance."
  type        = string
  default     = "db.t4g.micro"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class must look like db.t4g.micro."
  }
}

variable "database" {
  description = "Name of the database in it."
  type        = string
  default     = "coop"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database))
    error_message = "database is lower-case letters, digits and _, and starts with a letter."
  }
}

variable "username" {
  description = "The user that owns it, whom the seeding command and the jobs use."
  type        = string
  default     = "nightshift"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,15}$", var.username))
    error_message = "username is at most 16 lower-case letters, digits and _, and starts with a letter."
  }
}

variable "password" {
  description = "The user's password: by TF_VAR_password, never on a command line. In no state and no plan; written when password_version changes."
  type        = string
  nullable    = false
  ephemeral   = true
  sensitive   = true

  # What RDS refuses: a slash, a quote, an at sign, a space.
  validation {
    condition     = can(regex("^[!#-.0-?A-~]{16,41}$", var.password))
    error_message = "password must have 16 to 41 characters, without /, @, quotes and spaces."
  }
}

variable "password_version" {
  description = "A higher number writes the password anew, to the database and to the secret."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "password_version must be a whole number, at least 1."
  }
}

variable "storage_gb" {
  description = "Storage at first; it grows to four times as much."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.storage_gb >= 20 && floor(var.storage_gb) == var.storage_gb
    error_message = "storage_gb must be a whole number, at least 20."
  }
}

variable "multi_az" {
  description = "Whether a second instance stands by in another zone."
  type        = bool
  default     = false
  nullable    = false
}

variable "backup_days" {
  description = "Days that backups are kept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35 && floor(var.backup_days) == var.backup_days
    error_message = "backup_days must be a whole number, 1 to 35."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database; a destroy then keeps a last snapshot too."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_days" {
  description = "Days that the deleted secret can still be brought back: 7 to 30, or 0 for none."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30 && floor(var.recovery_days) == var.recovery_days)
    error_message = "recovery_days must be 0 or 7 to 30."
  }
}
