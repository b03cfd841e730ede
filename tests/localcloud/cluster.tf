# The cluster that test_terraform.py applies: groups, fleets, a step, policies, bootstrap action, volumes.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  max_retries = 3
}

resource "aws_vpc" "this" {
  cidr_block = "10.30.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.30.1.0/24"
}

resource "aws_security_group" "this" {
  for_each               = toset(["master", "worker", "service"])
  name                   = each.key
  vpc_id                 = aws_vpc.this.id
  revoke_rules_on_delete = true
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each                     = toset(["master", "worker"])
  security_group_id            = aws_security_group.this[each.key].id
  referenced_security_group_id = aws_security_group.this["service"].id
  from_port                    = 8443
  to_port                      = 8443
  ip_protocol                  = "tcp"
  description                  = "from the service"
}

resource "aws_s3_bucket" "this" {
  bucket        = "localcloud-terraform"
  force_destroy = true
}

resource "aws_s3_object" "bootstrap" {
  bucket  = aws_s3_bucket.this.id
  key     = "bootstrap.sh"
  content = "true"
}

resource "aws_emr_security_configuration" "this" {
  name          = "tls"
  configuration = jsonencode({ EncryptionConfiguration = { EnableInTransitEncryption = false, EnableAtRestEncryption = false } })
}

resource "aws_emr_cluster" "groups" {
  name                   = "groups"
  release_label          = "emr-7.13.0"
  applications           = ["Spark", "Hadoop"]
  service_role           = "service"
  security_configuration = aws_emr_security_configuration.this.name
  log_uri                = "s3://${aws_s3_bucket.this.id}/emr/"
  configurations_json    = jsonencode([{ Classification = "spark-defaults", Properties = { "spark.x" = "1" } }])
  tags                   = { team = "night" }

  ec2_attributes {
    subnet_id                         = aws_subnet.this.id
    instance_profile                  = "nodes"
    emr_managed_master_security_group = aws_security_group.this["master"].id
    emr_managed_slave_security_group  = aws_security_group.this["worker"].id
    service_access_security_group     = aws_security_group.this["service"].id
  }

  master_instance_group {
    instance_type = "m5.xlarge"
  }

  core_instance_group {
    instance_type  = "m5.xlarge"
    instance_count = 2

    ebs_config {
      size                 = 40
      type                 = "gp3"
      volumes_per_instance = 1
    }
  }

  auto_termination_policy {
    idle_timeout = 3600
  }

  bootstrap_action {
    name = "prepare"
    path = "s3://${aws_s3_bucket.this.id}/${aws_s3_object.bootstrap.key}"
    args = ["x"]
  }

  step {
    name              = "hello"
    action_on_failure = "CONTINUE"

    hadoop_jar_step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo hello"]
    }
  }
}

resource "aws_emr_managed_scaling_policy" "this" {
  cluster_id = aws_emr_cluster.groups.id

  compute_limits {
    unit_type              = "Instances"
    minimum_capacity_units = 2
    maximum_capacity_units = 4
  }
}

resource "aws_emr_cluster" "fleets" {
  name          = "fleets"
  release_label = "emr-7.13.0"
  applications  = ["Spark"]
  service_role  = "service"

  ec2_attributes {
    subnet_ids       = [aws_subnet.this.id]
    instance_profile = "nodes"
  }

  master_instance_fleet {
    target_on_demand_capacity = 1

    instance_type_configs {
      instance_type = "m5.xlarge"
    }
  }

  core_instance_fleet {
    target_on_demand_capacity = 1
    target_spot_capacity      = 2

    instance_type_configs {
      instance_type                              = "m5.xlarge"
      weighted_capacity                          = 1
      bid_price_as_percentage_of_on_demand_price = 80
    }

    launch_specifications {
      spot_specification {
        allocation_strategy      = "capacity-optimized"
        timeout_action           = "SWITCH_TO_ON_DEMAND"
        timeout_duration_minutes = 10
      }
    }
  }
}
