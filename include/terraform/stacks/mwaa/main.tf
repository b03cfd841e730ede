# Amazon MWAA for a deployment whose foundation is applied. An operator makes it; deployments keep it; no night touches it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# What the foundation made is looked up by its name, without reading its state.
data "aws_kms_alias" "foundation" {
  name = "alias/${var.name}"
}

data "aws_vpc" "foundation" {
  tags = { Name = var.name, "nightshift:name" = var.name }
}

data "aws_subnet" "private" {
  count = 2 # as many as MWAA takes

  vpc_id = data.aws_vpc.foundation.id
  tags   = { Name = "${var.name}-private-${count.index}" }
}

data "aws_route_table" "private" {
  count = 2

  subnet_id = data.aws_subnet.private[count.index].id
}

locals {
  has_nat = alltrue([for table in data.aws_route_table.private : anytrue([for route in table.routes : route.nat_gateway_id != ""])])

  # The endpoints that Airflow calls. The first line is MWAA's own (User Guide, "Creating the required VPC service endpoints"), the second
  # a night's; S3 has its gateway. IAM has an endpoint in us-east-1 alone, under another name.
  services = concat(
    ["airflow.api", "airflow.env", "airflow.ops", "ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sqs"],
    ["ec2", "elasticmapreduce", "glue", "secretsmanager", "sns", "ssm", "sts"],
  )
}

# Where there is no NAT, each of these must be there. The one that this cannot find is the one to add to the foundation's
# interface_endpoints.
data "aws_vpc_endpoint" "needed" {
  for_each = local.has_nat ? [] : toset(local.services)

  vpc_id       = data.aws_vpc.foundation.id
  service_name = "com.amazonaws.${var.region}.${each.value}"
}

module "mwaa" {
  source = "../../modules/mwaa"

  name               = var.name
  vpc_id             = data.aws_vpc.foundation.id
  subnet_ids         = data.aws_subnet.private[*].id
  bucket_arn         = "arn:${data.aws_partition.current.partition}:s3:::${var.name}-artifacts"
  kms_key_arn        = data.aws_kms_alias.foundation.target_key_arn
  execution_role_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name}-airflow"

  environment_class     = var.environment_class
  tasks_per_worker      = var.tasks_per_worker
  min_workers           = var.min_workers
  max_workers           = var.max_workers
  webserver_access_mode = var.webserver_access_mode
  maintenance_window    = var.maintenance_window
  log_days              = var.log_days
  airflow_options       = var.airflow_options
  database_ports        = var.database_ports
}
