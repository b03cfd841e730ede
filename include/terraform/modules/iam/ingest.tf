# What an ingestion host may do: fetch its program, open its source, fill raw, and take commands from Systems Manager.

data "aws_iam_policy_document" "ingest_host" {
  statement {
    sid       = "SeeRaw"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arns["raw"]]
  }

  # The pages of a snapshot wait in raw until the last one is there; then they are put together, and go.
  statement {
    sid       = "FillRaw"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.bucket_arns["raw"]}/*"]
  }

  statement {
    sid       = "FetchTheProgram"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["artifacts"]}/jobs/*"]
  }

  # Run Command's agent puts here what a command said. Its PutObjectAcl afterwards is refused, which it takes in its
  # stride: these buckets know no ACLs.
  statement {
    sid       = "WriteWhatCommandsSaid"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["logs"]}/ingest/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  # The rest is what Run Command needs of AmazonSSMManagedInstanceCore. That policy also has inventory, patches,
  # packages, associations and every parameter of the account, none of which a host for one command has to do with.
  statement {
    sid       = "ReportItIsThere"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["${local.here["ec2"]}:instance/*"]
  }

  # Commands come over the first of these two services, or over the second where the first cannot be reached.
  statement {
    sid = "HearCommands"
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # a channel is no resource to IAM: a host opens its own
  }

  statement {
    sid = "HearCommandsTheOlderWay"
    actions = [
      "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:AcknowledgeMessage", "ec2messages:SendReply",
      "ec2messages:FailMessage", "ec2messages:DeleteMessage",
    ]
    resources = ["*"] # a message is no resource to IAM: a host gets its own
  }
}
