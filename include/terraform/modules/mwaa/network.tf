# Who Airflow's containers may talk to: each other, and AWS over HTTPS. Nothing comes in from elsewhere.
#
# Source: MWAA User Guide, "Security in your VPC on Amazon MWAA": a security group whose members reach each other.

resource "aws_security_group" "this" {
  name        = "${var.name}-mwaa"
  description = "Airflow of ${var.name}: its own containers, and HTTPS to AWS"
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
