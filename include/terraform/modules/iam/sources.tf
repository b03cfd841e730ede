# Which source each pipeline's clusters and ingestion hosts may open: address and password, read by the program itself.

locals {
  node_sources = { for pipeline, sources in var.sources.clusters : "emr-instance-${pipeline}" => sources }
  host_sources = { for pipeline, sources in var.sources.hosts : "ingest-host-${pipeline}" => sources }
  opens        = merge(local.node_sources, local.host_sources)

  # Every role of a cluster's nodes; the first one opens no source.
  node_roles = concat(["emr-instance"], keys(local.node_sources))
  host_roles = keys(local.host_sources)

  # The sources that clusters read, of all pipelines: Airflow looks into these too, and into no others.
  databases = sort(distinct(flatten([for sources in values(var.sources.clusters) : tolist(sources)])))
}

data "aws_iam_policy_document" "sources" {
  for_each = local.opens

  # Secrets Manager ends an ARN with six characters of its own. A star would reach `cards-2` from `cards`.
  statement {
    sid       = "OpenItsSources"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for source in each.value : "${local.here["secretsmanager"]}:secret:${var.name}/sources/${source}-??????"]
  }
}

resource "aws_iam_role_policy" "sources" {
  for_each = local.opens

  name   = "sources"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.sources[each.key].json
}
