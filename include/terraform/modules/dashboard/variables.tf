# The variables of a product's dashboard.

variable "name" {
  description = "Prefix of every resource this module makes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name must be 3 to 31 lower-case letters, digits or dashes, and start with a letter."
  }
}

variable "product" {
  description = "The data product, for example mrhealth_sales: prefix of its views."
  type        = string
  nullable    = false
}

variable "title" {
  description = "Name of the dashboard, as people read it."
  type        = string
  nullable    = false
}

variable "database" {
  description = "Glue database that has the views."
  type        = string
  nullable    = false
}

variable "data_source_arn" {
  description = "QuickSight data source that reads the views."
  type        = string
  nullable    = false
}

variable "views" {
  description = "Columns of each view by its name without the product, as in views.json."
  type = map(object({
    columns = list(object({
      name = string
      type = string
    }))
  }))
  nullable = false
}

variable "charts" {
  description = "What to show, in order: kpi and table of columns, line over a date, bar by a name."
  type = list(object({
    title    = string
    kind     = string
    view     = string
    category = string
    values   = list(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for chart in var.charts : contains(["kpi", "line", "bar", "table"], chart.kind) && length(chart.values) > 0])
    error_message = "charts are of the kinds kpi, line, bar and table, each with a column at least."
  }
}

variable "owners" {
  description = "ARNs of QuickSight users or groups that may change and share the dashboard."
  type        = list(string)
  nullable    = false
}

variable "readers" {
  description = "ARNs of QuickSight users or groups that may look at it."
  type        = list(string)
  default     = []
  nullable    = false
}
