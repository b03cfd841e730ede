# What outlives the nights: network, key, buckets, roles, topic and catalog. None of it is billed by the hour.

module "network" {
  source = "../../modules/network"

  name                = var.name
  region              = var.region
  azs                 = var.azs
  nat                 = var.nat
  interface_endpoints = var.interface_endpoints
}

module "storage" {
  source = "../../modules/storage"

  name            = var.name
  kms_key_arn     = local.key.arn
  lifecycle_rules = var.lifecycle_rules
  force_destroy   = var.force_destroy
  prevent_destroy = var.prevent_destroy
}

module "notifications" {
  source = "../../modules/notifications"

  name            = var.name
  kms_key_arn     = local.key.arn
  email_endpoints = var.email_endpoints
  queue_endpoints = var.queue_endpoints
}

module "catalog" {
  source = "../../modules/catalog"

  name        = var.name
  lake_bucket = module.storage.buckets["lake"]
}

module "iam" {
  source = "../../modules/iam"

  name             = var.name
  region           = var.region
  bucket_arns      = module.storage.bucket_arns
  state_bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.name}-state"
  kms_key_arn      = local.key.arn
  topic_arn        = module.notifications.topic_arn
  sources          = var.sources
}

module "compute_serverless" {
  source = "../../modules/compute_role"

  name        = var.name
  region      = var.region
  service     = "emr-serverless"
  bucket_arns = module.storage.bucket_arns
  kms_key_arn = local.key.arn
  sources     = var.sources.clusters
}

module "compute_glue" {
  source = "../../modules/compute_role"

  name        = var.name
  region      = var.region
  service     = "glue"
  bucket_arns = module.storage.bucket_arns
  kms_key_arn = local.key.arn
  sources     = var.sources.clusters
}

module "compute_kubernetes" {
  source = "../../modules/compute_role"

  name        = var.name
  region      = var.region
  service     = "pods.eks"
  bucket_arns = module.storage.bucket_arns
  kms_key_arn = local.key.arn
  sources     = var.sources.clusters
}
