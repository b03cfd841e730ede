# Who may talk to whom: EMR's documented minimum for clusters in private subnets, and nothing from outside.
#
# Source: EMR Management Guide, "Working with Amazon EMR-managed security groups", private subnets. Rules are resources
# of their own, so the ones that EMR adds while a cluster runs are not seen as drift.

locals {
  nodes = ["master", "worker"]

  # Every pair of node groups: YARN, HDFS and Spark pick ports as they like.
  pairs = { for pair in setproduct(local.nodes, local.nodes) : "${pair[0]}-${pair[1]}" => { group = pair[0], peer = pair[1] } }

  ingress = {
    service-master = { group = "master", peer = "service", port = 8443, why = "EMR manages the primary node" }
    service-worker = { group = "worker", peer = "service", port = 8443, why = "EMR manages core and task nodes" }
    master-service = { group = "service", peer = "master", port = 9443, why = "The primary node reports to EMR (5.30 and later)" }
  }

  egress = {
    service-master = { group = "service", peer = "master", port = 8443, why = "EMR manages the primary node" }
    service-worker = { group = "service", peer = "worker", port = 8443, why = "EMR manages core and task nodes" }
    master-service = { group = "master", peer = "service", port = 9443, why = "The primary node reports to EMR (5.30 and later)" }
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  for_each = local.pairs

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.peer].id
  description                  = "Nodes of one cluster among themselves"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  for_each = local.pairs

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.peer].id
  description                  = "Nodes of one cluster among themselves"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "service" {
  for_each = local.ingress

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.peer].id
  description                  = each.value.why
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "service" {
  for_each = local.egress

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.peer].id
  description                  = each.value.why
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# S3 answers on public addresses even through its gateway endpoint; the route table decides what is reachable.
resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(local.nodes)

  security_group_id = aws_security_group.this[each.value].id
  description       = "HTTPS: S3 and, where the VPC has them, interface endpoints or NAT"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
