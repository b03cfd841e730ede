# A cluster of Amazon EKS for nights on the targets kubernetes and eks, beside a foundation of the same name. An operator applies it.

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
  count = 2 # EKS needs two zones

  vpc_id = data.aws_vpc.foundation.id
  tags   = { Name = "${var.name}-private-${count.index}" }
}

locals {
  partition = data.aws_partition.current.partition
  managed   = "arn:${local.partition}:iam::aws:policy"
  roles     = "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name}"

  # Of EKS's User Guide, "Amazon EKS cluster IAM role" and "Amazon EKS node IAM role".
  policies = {
    cluster = ["AmazonEKSClusterPolicy"]
    nodes   = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"]
  }
  services = { cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com" }
  attached = merge([for role, names in local.policies : { for name in names : "${role}/${name}" => { role = role, name = name } }]...)

  # The service accounts of deploy/kubernetes/rbac.yaml, each with the foundation's role of its pipeline (module compute_role).
  accounts = merge(
    { nightshift-jobs = "${local.roles}-kubernetes" },
    { for pipeline in var.source_pipelines : "nightshift-jobs-${replace(pipeline, "_", "-")}" => "${local.roles}-kubernetes-${pipeline}" },
  )
}

data "aws_iam_policy_document" "trust" {
  for_each = local.services

  statement {
    actions = each.key == "cluster" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.services

  name               = "${var.name}-eks-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.attached

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = "${local.managed}/${each.value.name}"
}

# Made before the cluster writes to it, so that it ends.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:Nights are short: who may read their logs has months of them in S3
  #checkov:skip=CKV_AWS_158:The key's policy would have to name CloudWatch Logs; what the API logs is no data
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_days
}

resource "aws_eks_cluster" "this" {
  #checkov:skip=CKV_AWS_39:The public endpoint is open to public_cidrs alone, and to none unless they are named
  name     = var.name
  version  = var.kubernetes_version
  role_arn = aws_iam_role.this["cluster"].arn

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode = "API"
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = data.aws_kms_alias.foundation.target_key_arn
    }
  }

  vpc_config {
    subnet_ids              = data.aws_subnet.private[*].id
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_cidrs) > 0
    public_access_cidrs     = length(var.public_cidrs) > 0 ? var.public_cidrs : null
  }

  depends_on = [aws_iam_role_policy_attachment.this, aws_cloudwatch_log_group.this]
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "${var.name}-spark"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = data.aws_subnet.private[*].id
  instance_types  = [var.instance_type]
  labels          = { role = "spark" }

  scaling_config {
    desired_size = var.nodes
    min_size     = 0
    max_size     = max(var.nodes, 1)
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

# Gives pods their role.
resource "aws_eks_addon" "identity" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "eks-pod-identity-agent"

  depends_on = [aws_eks_node_group.this]
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = local.accounts

  cluster_name    = aws_eks_cluster.this.name
  namespace       = var.namespace
  service_account = each.key
  role_arn        = each.value
}

# Airflow is a group of its own in the cluster; deploy/kubernetes/rbac.yaml says what that group may do.
resource "aws_eks_access_entry" "airflow" {
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = "${local.roles}-airflow"
  kubernetes_groups = ["nightshift-airflow"]
}

# For roles of a team's own by IRSA (an account's annotation); nights have theirs by pod identity.
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
