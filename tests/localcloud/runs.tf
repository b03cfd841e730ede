# What test_terraform.py applies, changes and destroys: a Glue job, an EMR Serverless application, a virtual cluster.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  max_retries = 3
}

variable "workers" {
  type    = number
  default = 3
}

variable "eks_cluster" {
  type = string
}

resource "aws_glue_job" "this" {
  name              = "night"
  role_arn          = "arn:aws:iam::123456789012:role/jobs"
  glue_version      = "5.1"
  worker_type       = "G.1X"
  number_of_workers = var.workers
  timeout           = 30
  default_arguments = { "--enable-metrics" = "true", "--extra-py-files" = "s3://artifacts/spark_jobs.zip" }
  tags              = { team = "night", workers = tostring(var.workers) }

  command {
    script_location = "s3://artifacts/main.py"
    python_version  = "3"
  }

  execution_property {
    max_concurrent_runs = 1
  }
}

resource "aws_emrserverless_application" "this" {
  name          = "night"
  release_label = "emr-7.13.0"
  type          = "SPARK"
  tags          = { team = "night", workers = tostring(var.workers) }

  maximum_capacity {
    cpu    = "${4 * var.workers} vCPU"
    memory = "${16 * var.workers} GB"
  }

  initial_capacity {
    initial_capacity_type = "Driver"

    initial_capacity_config {
      worker_count = 1

      worker_configuration {
        cpu    = "4 vCPU"
        memory = "16 GB"
      }
    }
  }

  auto_stop_configuration {
    idle_timeout_minutes = 5
  }
}

resource "aws_emrcontainers_virtual_cluster" "this" {
  name = "night"
  tags = { team = "night", workers = tostring(var.workers) }

  container_provider {
    id   = var.eks_cluster
    type = "EKS"

    info {
      eks_info {
        namespace = "nights"
      }
    }
  }
}
