# Who Airflow's containers may talk to: each other, AWS over HTTPS, and databases inside the VPC, whose columns they look at
# before a cluster reads them. Nothing comes in from elsewhere.
#
# Source: MWAA User Guide, "Security in your VPC on Amazon MWAA": a security group whose members reach each other.

data "aws_vpc" "this" {
  id = var.vpc_id
}

resource "aws_security_group" "this" {
  name        = "${var.name}-mwaa"
  description = "Airflow of ${var.name}: its own containers, HTTPS, databases in the VPC"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-mwaa" }
}

resource "aws_vpc_security_group_ingress_rule" "self" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = aws_security_group.this.id
  description                  = "Airflow's containers among themselves, and their database's endpoint"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "self" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = aws_security_group.this.id
  description                  = "Airflow's containers among themselves, and their database's endpoint"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "HTTPS: AWS's services"
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
