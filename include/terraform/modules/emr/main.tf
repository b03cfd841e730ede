# What a cluster needs before it can start in a private subnet: three security groups, and how it encrypts.

locals {
  # AmazonEMRServicePolicy_v2 may only touch security groups that carry this tag.
  emr_tags = { "for-use-with-amazon-emr-managed-policies" = "true" }

  groups = {
    master  = "primary node"
    worker  = "core and task nodes"
    service = "EMR's own way into a private subnet"
  }
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:EMR attaches them. The cluster is the DAG's and never terraform's
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = "EMR ${each.key} of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.emr_tags, { Name = "${var.name}-${each.key}" })

  # EMR adds rules of its own that point from group to group; left there, no group could ever be deleted.
  revoke_rules_on_delete = true
}

resource "aws_emr_security_configuration" "this" {
  name = var.name

  configuration = jsonencode({
    EncryptionConfiguration = {
      EnableInTransitEncryption = true
      InTransitEncryptionConfiguration = {
        TLSCertificateConfiguration = {
          CertificateProviderType = "PEM"
          S3Object                = var.certificates
        }
      }

      EnableAtRestEncryption = true
      AtRestEncryptionConfiguration = {
        S3EncryptionConfiguration = {
          EncryptionMode = "SSE-KMS"
          AwsKmsKey      = var.kms_key_arn
        }
        LocalDiskEncryptionConfiguration = {
          EncryptionKeyProviderType = "AwsKms"
          AwsKmsKey                 = var.kms_key_arn
          EnableEbsEncryption       = true
        }
      }
    }

    # IMDSv2 only, and one hop: a container on a node cannot take the node's role.
    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }
  })
}
