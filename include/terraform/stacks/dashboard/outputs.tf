# Where people look.

output "dashboards" {
  description = "Address of each product's dashboard."
  value = {
    for product, dashboard in module.dashboard : product =>
    "https://${var.region}.quicksight.aws.amazon.com/sn/dashboards/${dashboard.dashboard_id}"
  }
}

output "policy_arn" {
  description = "Policy that QuickSight's role needs."
  value       = aws_iam_policy.quicksight.arn
}
