# What RunJobFlow wants to know; handed out once the rules are in, because EMR checks them first.

output "security_group_ids" {
  description = "Security group ids by role: master, worker, service."
  value       = { for role, group in aws_security_group.this : role => group.id }

  depends_on = [
    aws_vpc_security_group_ingress_rule.nodes,
    aws_vpc_security_group_ingress_rule.service,
    aws_vpc_security_group_egress_rule.nodes,
    aws_vpc_security_group_egress_rule.service,
    aws_vpc_security_group_egress_rule.https,
  ]
}

output "security_configuration" {
  description = "Name of the security configuration."
  value       = aws_emr_security_configuration.this.name
}
