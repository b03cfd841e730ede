# What governance looks at.

output "budget_name" {
  description = "Name of the monthly budget."
  value       = aws_budgets_budget.this.name
}
