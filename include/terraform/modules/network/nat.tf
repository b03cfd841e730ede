# The way to the internet, made only when var.nat asks for it: about 33 USD a month before traffic.

locals {
  nats = var.nat ? 1 : 0
}

resource "aws_internet_gateway" "this" {
  count = local.nats

  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  count = local.nats

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 8, 240)
  availability_zone = local.zones[0]
  tags              = { Name = "${var.name}-public" }

  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "public" {
  count = local.nats

  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "public" {
  count = local.nats

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = local.nats

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
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
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = var.name }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "nat" {
  count = local.nats

  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}
