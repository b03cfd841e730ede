# A host that lands an API's pages or a table in the raw bucket: one small instance, started for a run and gone with it.

# The newest Amazon Linux 2023, under the name that AWS keeps it by.
data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_88:It calls an API on the internet and nobody can call it. A NAT gateway in its place costs 33 USD a month, the address half a cent an hour
  #checkov:skip=CKV_AWS_126:It works for minutes. Measurements by the minute cost more than they are worth
  ami                         = data.aws_ssm_parameter.image.insecure_value # public: no reason to hide it in plans
  instance_type               = var.instance_type
  iam_instance_profile        = var.instance_profile
  subnet_id                   = var.subnet_id
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.this.id]
  ebs_optimized               = true
  tags                        = { Name = "${var.name}-ingest-host" }

  # Its own time limit, whoever forgets it: shutting down is terminating.
  instance_initiated_shutdown_behavior = "terminate"
  user_data                            = "#!/bin/sh\nshutdown -P +${var.limit_minutes}\n"
  user_data_replace_on_change          = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted             = true
    kms_key_id            = var.kms_key_arn
    volume_type           = "gp3"
    volume_size           = 16 # GB: the image takes 8, a table waits in a file until it is whole
    delete_on_termination = true
  }

  lifecycle {
    # AWS publishes a new image every other week; a host that works is not replaced for it.
    ignore_changes = [ami]
  }

  # A host that starts before its rules exist cannot register with Systems Manager.
  depends_on = [aws_vpc_security_group_egress_rule.https, aws_vpc_security_group_egress_rule.databases]
}
