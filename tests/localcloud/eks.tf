# What test_terraform.py applies, changes and destroys: an EKS cluster, a node group, who has access, a pod's identity.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  max_retries = 3
}

variable "nodes" {
  type    = number
  default = 2
}

variable "subnet" {
  type = string
}

resource "aws_iam_role" "this" {
  for_each = toset(["cluster", "nodes", "jobs"])
  name     = "night-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks.amazonaws.com" } }]
  })
}

resource "aws_eks_cluster" "this" {
  name     = "night"
  role_arn = aws_iam_role.this["cluster"].arn
  tags     = { team = "night" }

  access_config {
    authentication_mode = "API"
  }

  vpc_config {
    subnet_ids = [var.subnet]
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "workers"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = [var.subnet]
  instance_types  = ["m5.xlarge"]
  labels          = { role = "spark" }

  scaling_config {
    desired_size = var.nodes
    min_size     = 0
    max_size     = 10
  }
}

resource "aws_eks_access_entry" "this" {
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = aws_iam_role.this["jobs"].arn
  kubernetes_groups = ["nights-${var.nodes}"]
  tags              = { team = "night" }
}

resource "aws_eks_access_policy_association" "this" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"

  access_scope {
    type       = "namespace"
    namespaces = ["nights"]
  }
}

resource "aws_eks_pod_identity_association" "this" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "nights"
  service_account = "spark"
  role_arn        = aws_iam_role.this["jobs"].arn
}

resource "aws_eks_addon" "this" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "eks-pod-identity-agent"
}
