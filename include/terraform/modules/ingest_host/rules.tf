# Who the host may talk to. Nothing comes in: its commands come from Systems Manager, which the host polls.

data "aws_vpc" "this" {
  id = var.vpc_id
}

resource "aws_security_group" "this" {
  name        = "${var.name}-ingest-host"
  description = "Ingestion host of ${var.name}: nothing comes in"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-ingest-host" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "HTTPS: AWS, the API, PyPI"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  for_each = toset([for port in var.database_ports : tostring(port)])

  security_group_id = aws_security_group.this.id
  description       = "Databases inside the VPC"
  cidr_ipv4         = data.aws_vpc.this.cidr_block
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}
