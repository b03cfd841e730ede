# The private subnets' way out, made only if var.nat is set: about 33 USD a month before traffic.

locals {
  nats = var.nat ? 1 : 0
}

resource "aws_eip" "this" {
  count = local.nats

  domain = "vpc"
  tags   = { Name = "${var.name}-nat" }
}

# One for all zones: a night that loses its zone starts again in another, it need not survive.
resource "aws_nat_gateway" "this" {
  count = local.nats

  allocation_id = aws_eip.this[0].id
  subnet_id     = aws_subnet.public.id
  tags          = { Name = var.name }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "nat" {
  count = local.nats

  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}
