# A pipeline's source as a private, encrypted database of Amazon RDS, beside a foundation of the same name. An operator applies it.

# What the foundation made is looked up by its name, without reading its state.
data "aws_kms_alias" "foundation" {
  name = "alias/${var.name}"
}

data "aws_vpc" "foundation" {
  tags = { Name = var.name, "nightshift:name" = var.name }
}

data "aws_subnet" "private" {
  count = 2 # a subnet group needs two zones

  vpc_id = data.aws_vpc.foundation.id
  tags   = { Name = "${var.name}-private-${count.index}" }
}

locals {
  database = "${var.name}-${replace(var.source_name, "_", "-")}"
  key      = data.aws_kms_alias.foundation.target_key_arn

  # By engine: its version, its parameters' family, its port, what makes it refuse connections without TLS, its logs.
  engines = {
    mysql = {
      version = "8.4", family = "mysql8.4", port = 3306, logs = ["error", "slowquery"]
      tls     = { name = "require_secure_transport", value = "ON" }
    }
    postgres = {
      version = "16", family = "postgres16", port = 5432, logs = ["postgresql", "upgrade"]
      tls     = { name = "rds.force_ssl", value = "1" }
    }
  }
  engine = local.engines[var.engine]
}

resource "aws_db_subnet_group" "this" {
  name       = local.database
  subnet_ids = data.aws_subnet.private[*].id
}

resource "aws_security_group" "this" {
  name        = "${local.database}-database"
  description = "The database of ${var.source_name}: its port, from inside the VPC."
  vpc_id      = data.aws_vpc.foundation.id
  tags        = { Name = "${local.database}-database" }
}

# A night's workers have security groups of their own run, so the network names them.
resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "Jobs and Airflow's workers"
  cidr_ipv4         = data.aws_vpc.foundation.cidr_block
  ip_protocol       = "tcp"
  from_port         = local.engine.port
  to_port           = local.engine.port
}

resource "aws_db_parameter_group" "this" {
  #checkov:skip=CKV2_AWS_69:require_secure_transport or rds.force_ssl is set below, by engine
  name        = local.database
  family      = local.engine.family
  description = "Connections by TLS only."

  parameter {
    name         = local.engine.tls.name
    value        = local.engine.tls.value
    apply_method = "immediate"
  }
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_118:A source that nights read once a day needs no metrics by the second
  #checkov:skip=CKV_AWS_157:multi_az is the owner's choice: it doubles the price
  #checkov:skip=CKV_AWS_161:Spark's JDBC has the password of a secret; an IAM token ends after 15 minutes
  #checkov:skip=CKV_AWS_293:deletion_protection is on unless its owner turns it off before a destroy
  #checkov:skip=CKV_AWS_353:Performance Insights is no feature of the smallest classes
  #checkov:skip=CKV2_AWS_30:PostgreSQL would log every query of a job
  #checkov:skip=CKV2_AWS_60:copy_tags_to_snapshot is set below
  identifier     = local.database
  engine         = var.engine
  engine_version = local.engine.version
  instance_class = var.instance_class
  db_name        = var.database
  username       = var.username
  port           = local.engine.port

  # Write-only: in no state and no plan.
  password_wo         = var.password
  password_wo_version = var.password_version

  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 4
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = local.key

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = var.multi_az

  backup_retention_period         = var.backup_days
  copy_tags_to_snapshot           = true
  deletion_protection             = var.deletion_protection
  skip_final_snapshot             = !var.deletion_protection
  final_snapshot_identifier       = var.deletion_protection ? "${local.database}-last" : null
  auto_minor_version_upgrade      = true
  apply_immediately               = true
  enabled_cloudwatch_logs_exports = local.engine.logs
}

# Where the pipeline's jobs read address and password (the roles of the foundation may, if its `sources` name it).
resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:A new password_version changes the password, in the database and here
  name                    = "${var.name}/sources/${var.source_name}"
  description             = "Address and password of the database ${local.database}."
  kms_key_id              = local.key
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id

  secret_string_wo = jsonencode({
    engine   = var.engine
    host     = aws_db_instance.this.address
    port     = aws_db_instance.this.port
    dbname   = var.database
    username = var.username
    password = var.password
  })
  secret_string_wo_version = var.password_version
}
