# What the other modules need to know of the network.

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "The private subnets, one a zone, ready to launch instances that reach S3."
  value       = aws_subnet.this[*].id

  # A cluster that starts before its route to S3 exists cannot fetch its own software.
  depends_on = [aws_route_table_association.this, aws_vpc_endpoint.s3]
}

output "public_subnet_id" {
  description = "The public subnet, for resources that need the internet and request a public address."
  value       = aws_subnet.public.id

  # What starts before its route exists has no connection.
  depends_on = [aws_route.public, aws_route_table_association.public]
}
