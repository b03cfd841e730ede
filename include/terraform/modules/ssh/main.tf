# A way into one run's primary node: a key pair, its private half in Secrets Manager only, port 22 from one network.

locals {
  ipv6 = strcontains(var.cidr, ":")
}

resource "aws_key_pair" "this" {
  key_name   = "${var.name}-ssh"
  public_key = var.public_key
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:It lives for one run and is deleted with it. There is nothing to rotate
  name        = var.secret_name
  description = "Private SSH key of ${var.name}; gone with the run"
  kms_key_id  = var.kms_key_arn

  # Deleted at once: a night leaves nothing behind, and a re-run may use the name again.
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id

  # Written only when the version below changes. Whoever destroys the run has the key no more, and must not need it:
  # the sentence is for the provider, which wants a value each time, and for the caller who made a pair without one.
  secret_string_wo = coalesce(var.private_key, "no private key was given when this pair was made")

  # A write-only value cannot be compared, so the public half shows when there is a new key to write.
  secret_string_wo_version = parseint(substr(sha256(var.public_key), 0, 8), 16)
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = var.security_group_id
  description       = "SSH from the requested network"
  cidr_ipv4         = local.ipv6 ? null : var.cidr
  cidr_ipv6         = local.ipv6 ? var.cidr : null
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
