# How people find the dashboard.

output "dashboard_id" {
  description = "Id of the dashboard, the last part of its address."
  value       = aws_quicksight_dashboard.this.dashboard_id
}

output "data_set_ids" {
  description = "Id of the data set of each view."
  value       = { for view, data_set in aws_quicksight_data_set.this : view => data_set.data_set_id }
}
