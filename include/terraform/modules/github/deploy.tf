# What a deployment changes beyond a plan: states, the bundle that Airflow runs, the environment of MWAA, and what holds data
# or carries messages. What grants authority (roles, keys, bucket policies, the network) it may only read:
# such a change of the foundation is in the plan, and an operator applies it.

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "KeepStates"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = flatten([for state in var.states : ["${local.buckets["state"]}/${state}", "${local.buckets["state"]}/${state}.tflock"]])
  }

  statement {
    sid       = "ReleaseLocks"
    actions   = ["s3:DeleteObject"]
    resources = [for state in var.states : "${local.buckets["state"]}/${state}.tflock"]
  }

  statement {
    sid       = "RepairBucketSettings"
    actions   = ["s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"]
    resources = [for kind in ["raw", "lake", "artifacts", "logs"] : local.buckets[kind]]
  }

  statement {
    sid       = "KeepTheTopic"
    actions   = ["sns:SetTopicAttributes", "sns:TagResource", "sns:Subscribe"]
    resources = ["${local.here["sns"]}:${var.name}-runs"]
  }

  statement {
    sid       = "KeepDatabases"
    actions   = ["glue:UpdateDatabase"]
    resources = concat(["${local.here["glue"]}:catalog"], local.databases)
  }

  statement {
    sid       = "SyncTheBundle"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.buckets["artifacts"]}/${var.bundle_prefix}*"]
  }

  statement {
    sid       = "BringTheSmokeNightsInput"
    actions   = ["s3:PutObject"]
    resources = ["${local.buckets["raw"]}/wordcount/smoke/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["${local.here["kms"]}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sns"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "UpdateAirflow"
    actions   = ["airflow:UpdateEnvironment"]
    resources = ["${local.here["airflow"]}:environment/${var.name}"]
  }

  statement {
    sid       = "KeepItsLogsAsLongAsSet"
    actions   = ["logs:PutRetentionPolicy"]
    resources = local.log_groups
  }

  # Checked with UpdateEnvironment: the environment keeps its role.
  statement {
    sid       = "HandAirflowItsRole"
    actions   = ["iam:PassRole"]
    resources = ["${local.iam}:role/${var.name}-airflow"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["airflow.amazonaws.com"]
    }
  }

  # Airflow's own role User may trigger a DAG, unpause it and read its state; it may not see connections or variables.
  statement {
    sid       = "RunTheSmokeNight"
    actions   = ["airflow:InvokeRestApi"]
    resources = ["${local.here["airflow"]}:role/${var.name}/User"]
  }
}
