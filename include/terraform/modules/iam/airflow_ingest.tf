# What a run's ingestion host takes: terraform that starts and ends it, and the night that sends it its one command.

data "aws_iam_policy_document" "airflow_ingest" {
  # One call, authorised for each resource that it makes or uses; together these keep a host to this name, network and role.
  statement {
    sid       = "StartHostsOfThisName"
    actions   = ["ec2:RunInstances"]
    resources = [for kind in ["instance", "volume"] : "${local.here["ec2"]}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "StartThemInThisNetwork"
    actions   = ["ec2:RunInstances"]
    resources = [for kind in ["subnet", "security-group"] : "${local.here["ec2"]}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "StartThemFromAmazonsImages"
    actions   = ["ec2:RunInstances"]
    resources = ["arn:${local.partition}:ec2:${var.region}::image/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:Owner"
      values   = ["amazon"]
    }
  }

  # Terraform tags no network interface. Subnet and group bind where it can be; it goes with its instance.
  statement {
    sid       = "GiveThemAnInterface"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.here["ec2"]}:network-interface/*"]
  }

  statement {
    sid       = "TagHostsAtBirth"
    actions   = ["ec2:CreateTags"]
    resources = [for kind in ["instance", "volume"] : "${local.here["ec2"]}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["RunInstances"]
    }
  }

  # Terraform lifts a protection against deletion before it deletes, whether there is one or not.
  statement {
    sid       = "KeepHostsOfThisName"
    actions   = ["ec2:DescribeInstanceAttribute", "ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"]
    resources = ["${local.here["ec2"]}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid = "LookAtHosts"
    actions = [
      "ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeTags",
      "ec2:DescribeVolumes",
    ]
    resources = ["*"] # describing knows no resource
  }

  statement {
    sid       = "HandHostsTheirRole"
    actions   = ["iam:PassRole"]
    resources = [for role in local.host_roles : local.role_arns[role]]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }

  # EBS encrypts a disk in the name of whoever starts its instance (EBS User Guide, "Requirements for Amazon EBS encryption").
  statement {
    sid       = "EncryptTheirDisks"
    actions   = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "GrantTheKeyToTheirDisks"
    actions   = ["kms:CreateGrant"]
    resources = [var.kms_key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid       = "FindTheNewestImage"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${var.region}::parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"]
  }

  # A command is authorised by document, by instance and by the bucket that its output goes to.
  statement {
    sid       = "SendShellScripts"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${local.partition}:ssm:${var.region}::document/AWS-RunShellScript", var.bucket_arns["logs"]]
  }

  # Run Command's own tag condition: its user guide binds instances by this one, and warns of global keys, which fail when
  # Systems Manager checks a second time in the caller's name.
  statement {
    sid       = "SendThemToHostsOfThisName"
    actions   = ["ssm:SendCommand"]
    resources = ["${local.here["ec2"]}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/nightshift:name"
      values   = [var.name]
    }
  }

  statement {
    sid       = "FollowCommands"
    actions   = ["ssm:GetCommandInvocation", "ssm:ListCommands", "ssm:DescribeInstanceInformation"]
    resources = ["*"] # a command is no resource to IAM, and of instances these know none either
  }
}
