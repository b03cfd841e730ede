# What a night's settings and kubectl need.

output "cluster" {
  description = "Name of the cluster, NIGHTSHIFT_KUBERNETES_CLUSTER."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "Address of its API."
  value       = aws_eks_cluster.this.endpoint
}

output "oidc_provider_arn" {
  description = "The cluster's OpenID Connect provider, for roles by IRSA."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "accounts" {
  description = "Role of each service account that has one by pod identity."
  value       = local.accounts
}
