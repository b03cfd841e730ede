# The host that test_ssm.py applies: Amazon Linux, a public address, IMDSv2, an encrypted disk, detailed monitoring.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  max_retries = 3

  default_tags {
    tags = { team = "night" }
  }
}

# Made beforehand: the provider waits five seconds for a key and for a profile of its own.
variable "kms_key" { type = string }
variable "instance_profile" { type = string }

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_vpc" "this" {
  cidr_block = "10.40.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.40.1.0/24"
}

resource "aws_security_group" "this" {
  name   = "host"
  vpc_id = aws_vpc.this.id
}

resource "aws_instance" "this" {
  ami                                  = data.aws_ssm_parameter.image.value
  instance_type                        = "t3.small"
  subnet_id                            = aws_subnet.this.id
  vpc_security_group_ids               = [aws_security_group.this.id]
  associate_public_ip_address          = true
  iam_instance_profile                 = var.instance_profile
  instance_initiated_shutdown_behavior = "terminate"
  monitoring                           = true
  ebs_optimized                        = true
  user_data                            = "#!/bin/bash\nshutdown -h +180\n"

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted   = true
    kms_key_id  = var.kms_key
    volume_type = "gp3"
    volume_size = 20
    iops        = 4000
    throughput  = 250
  }

  tags = { Name = "ingestion" }
}

output "instance" {
  value = aws_instance.this.id
}
