# What a night does on EMR Serverless, Glue, EMR on EKS and Kubernetes: its application, its Glue job, its virtual cluster, from
# its making to its end.

locals {
  applications = "${local.here["emr-serverless"]}:/applications/*"
  glue_jobs    = "${local.here["glue"]}:job/${var.name}-*"

  virtual_clusters = "${local.here["emr-containers"]}:/virtualclusters/*"

  # Made by the module compute_role.
  job_roles = { for target in ["serverless", "glue", "kubernetes"] : target =>
    [for pipeline in concat([""], keys(var.sources.clusters)) : "${local.iam_arn}:role/${var.name}-${target}${pipeline == "" ? "" : "-"}${pipeline}"]
  }
}

data "aws_iam_policy_document" "airflow_compute" {
  statement {
    sid       = "MakeApplicationsOfThisName"
    actions   = ["emr-serverless:CreateApplication"]
    resources = ["*"] # knows no resource: the application does not exist yet. The tag binds it.

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # Called along with CreateApplication and StartJobRun, for the tags in their requests.
  statement {
    sid       = "TagThemAndTheirJobsAtBirth"
    actions   = ["emr-serverless:TagResource"]
    resources = [local.applications]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # A job run is below its application's ARN and has the same tags.
  statement {
    sid = "RunApplicationsOfThisName"
    actions = [
      "emr-serverless:GetApplication", "emr-serverless:StartJobRun", "emr-serverless:ListJobRuns", "emr-serverless:GetJobRun",
      "emr-serverless:CancelJobRun", "emr-serverless:StopApplication", "emr-serverless:DeleteApplication",
    ]
    resources = [local.applications]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "FindApplications"
    actions   = ["emr-serverless:ListApplications"]
    resources = ["*"] # knows no resource
  }

  statement {
    sid       = "HandServerlessJobsTheirRole"
    actions   = ["iam:PassRole"]
    resources = local.job_roles["serverless"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["emr-serverless.amazonaws.com"]
    }
  }

  # An application in a network of ours, for a pipeline that reads a database (guide, "User access policy examples").
  statement {
    sid       = "GiveApplicationsAnInterface"
    actions   = ["ec2:CreateNetworkInterface"]
    resources = [for kind in ["network-interface", "subnet", "security-group"] : "${local.here["ec2"]}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:CalledViaLast"
      values   = ["ops.emr-serverless.amazonaws.com"]
    }
  }

  # EMR Serverless makes this role the first time an account makes an application.
  statement {
    sid       = "LetServerlessWork"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.iam_arn}:role/aws-service-role/ops.emr-serverless.amazonaws.com/AWSServiceRoleForAmazonEMRServerless"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.emr-serverless.amazonaws.com"]
    }
  }

  statement {
    sid       = "MakeGlueJobsOfThisName"
    actions   = ["glue:CreateJob", "glue:TagResource"]
    resources = [local.glue_jobs]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid = "RunGlueJobsOfThisName"
    actions = [
      "glue:UpdateJob", "glue:DeleteJob", "glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun", "glue:GetTags",
    ]
    resources = [local.glue_jobs]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  # Also called about a job that does not exist, which has no tags.
  statement {
    sid       = "LookForGlueJobs"
    actions   = ["glue:GetJob"]
    resources = [local.glue_jobs]
  }

  statement {
    sid       = "FindGlueJobs"
    actions   = ["glue:ListJobs"]
    resources = ["*"] # knows no resource
  }

  statement {
    sid       = "ReadGluesLogs"
    actions   = ["logs:GetLogEvents"]
    resources = ["${local.here["logs"]}:log-group:/aws-glue/jobs/*:log-stream:*"]
  }

  statement {
    sid       = "HandGlueJobsTheirRole"
    actions   = ["iam:PassRole"]
    resources = local.job_roles["glue"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["glue.amazonaws.com"]
    }
  }

  statement {
    sid       = "MakeVirtualClustersOfThisName"
    actions   = ["emr-containers:CreateVirtualCluster"]
    resources = ["*"] # knows no resource: the virtual cluster does not exist yet. The tag binds it.

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # Called along with CreateVirtualCluster and StartJobRun, for the tags in their requests.
  statement {
    sid       = "TagVirtualClustersAndTheirJobsAtBirth"
    actions   = ["emr-containers:TagResource"]
    resources = [local.virtual_clusters]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  # A job run is below its virtual cluster's ARN and has the same tags.
  statement {
    sid = "RunVirtualClustersOfThisName"
    actions = [
      "emr-containers:DescribeVirtualCluster", "emr-containers:DeleteVirtualCluster", "emr-containers:ListJobRuns",
      "emr-containers:DescribeJobRun", "emr-containers:CancelJobRun",
    ]
    resources = [local.virtual_clusters]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  # It passes no role by iam:PassRole: this condition takes its place (guide, "Execution role condition keys").
  statement {
    sid       = "StartJobsUnderTheirRoles"
    actions   = ["emr-containers:StartJobRun"]
    resources = [local.virtual_clusters]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
    condition {
      test     = "StringEquals"
      variable = "emr-containers:ExecutionRoleArn"
      values   = local.job_roles["kubernetes"]
    }
  }

  statement {
    sid       = "FindVirtualClusters"
    actions   = ["emr-containers:ListVirtualClusters"]
    resources = ["*"] # knows no resource
  }

  # EMR on EKS makes this role the first time an account makes a virtual cluster.
  statement {
    sid       = "LetEmrOnEksWork"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.iam_arn}:role/aws-service-role/emr-containers.amazonaws.com/AWSServiceRoleForAmazonEMRContainers"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["emr-containers.amazonaws.com"]
    }
  }

  # Where the API of the cluster in the settings is. What Airflow may do there is Kubernetes' to say (deploy/kubernetes).
  statement {
    sid       = "FindTheKubernetesApi"
    actions   = ["eks:DescribeCluster"]
    resources = ["${local.here["eks"]}:cluster/*"]
  }

  # A pod's log goes with the pod.
  statement {
    sid       = "KeepTheLogsOfPods"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["logs"]}/kubernetes/*"]
  }
}
