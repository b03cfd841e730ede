# What this stack runs on; init completes the backend with bucket, key and region.
terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  # No `encrypt`: it would request SSE-S3 and so override the bucket's own KMS encryption.
  backend "s3" {
    use_lockfile = true
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region      = var.region
  max_retries = var.max_retries

  default_tags {
    tags = { "nightshift:name" = var.name }
  }
}
