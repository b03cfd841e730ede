# What one run needs around its cluster and takes away again. The cluster itself is the DAG's, never terraform's.

locals {
  # Runs have long names and AWS short limits: names carry a hash of the run, tags carry the run.
  run_hash = substr(sha256(var.run), 0, 12)
  name     = "${var.name}-${local.run_hash}"

  tags = {
    "nightshift:name"                          = var.name
    "nightshift:owner"                         = var.owner
    "nightshift:pipeline"                      = var.pipeline
    "nightshift:run"                           = var.run
    "nightshift:business_date"                 = var.business_date
    "nightshift:expires"                       = var.expires
    "for-use-with-amazon-emr-managed-policies" = "true"
  }
}

module "emr" {
  source = "../../modules/emr"

  name         = local.name
  vpc_id       = var.vpc_id
  certificates = var.certificates
  kms_key_arn  = var.kms_key_arn
}

module "ssh" {
  source = "../../modules/ssh"
  count  = var.ssh_public_key == null ? 0 : 1

  name              = local.name
  secret_name       = "${var.name}/runs/${local.run_hash}/ssh"
  cidr              = var.ssh_cidr
  public_key        = var.ssh_public_key
  private_key       = var.ssh_private_key
  kms_key_arn       = var.kms_key_arn
  security_group_id = module.emr.security_group_ids["master"]
}

module "ingest_host" {
  source = "../../modules/ingest_host"
  count  = var.ingest_host == null ? 0 : 1

  name             = local.name
  vpc_id           = var.vpc_id
  subnet_id        = var.ingest_host.subnet_id
  instance_profile = var.ingest_host.instance_profile
  instance_type    = var.ingest_host.instance_type
  limit_minutes    = var.ingest_host.limit_minutes
  kms_key_arn      = var.kms_key_arn
}
