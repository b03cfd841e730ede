# A cluster's groups open no more than EMR needs, can always be deleted, and everything is encrypted.

mock_provider "aws" {}

variables {
  name         = "acme-nightshift-test-0123456789ab"
  vpc_id       = "vpc-0123456789abcdef0"
  certificates = "s3://acme-nightshift-test-artifacts/certificates/night.zip"
  kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "the_three_groups_can_always_be_deleted" {
  command = plan

  assert {
    condition     = keys(aws_security_group.this) == ["master", "service", "worker"] && alltrue([for g in aws_security_group.this : g.revoke_rules_on_delete])
    error_message = "Rules that EMR added would keep the groups alive."
  }

  assert {
    condition     = alltrue([for g in aws_security_group.this : g.tags["for-use-with-amazon-emr-managed-policies"] == "true" && startswith(g.name, var.name)])
    error_message = "AmazonEMRServicePolicy_v2 refuses a group without its tag, and runs may not share names."
  }
}

run "nothing_outside_the_cluster_may_come_in" {
  assert {
    condition = alltrue([for r in concat(values(aws_vpc_security_group_ingress_rule.nodes), values(aws_vpc_security_group_ingress_rule.service)) :
      r.cidr_ipv4 == null && r.cidr_ipv6 == null && contains(values(output.security_group_ids), r.referenced_security_group_id)
    ])
    error_message = "Ingress may come from the cluster's own groups only."
  }
}

run "emr_reaches_the_nodes_and_the_primary_reaches_emr" {
  assert {
    condition = alltrue([for node in ["master", "worker"] : anytrue([for r in aws_vpc_security_group_ingress_rule.service :
      r.security_group_id == aws_security_group.this[node].id && r.referenced_security_group_id == aws_security_group.this["service"].id && r.from_port == 8443 && r.to_port == 8443
    ])])
    error_message = "EMR manages nodes on 8443."
  }

  assert {
    condition = anytrue([for r in aws_vpc_security_group_ingress_rule.service :
      r.security_group_id == aws_security_group.this["service"].id && r.referenced_security_group_id == aws_security_group.this["master"].id && r.from_port == 9443
    ])
    error_message = "Without 9443 from the primary node EMR refuses to start the cluster."
  }

  assert {
    condition     = { for k, r in aws_vpc_security_group_ingress_rule.service : k => r.from_port } == { for k, r in aws_vpc_security_group_egress_rule.service : k => r.from_port }
    error_message = "What may come in at one end must be let out at the other."
  }
}

run "out_to_the_world_goes_https_only" {
  command = plan

  assert {
    condition     = alltrue([for r in aws_vpc_security_group_egress_rule.https : r.ip_protocol == "tcp" && r.from_port == 443 && r.to_port == 443])
    error_message = "Only 443 leaves the VPC."
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.https) == ["master", "worker"]
    error_message = "EMR's service group talks to nodes only."
  }
}

run "data_is_encrypted_at_rest_and_on_the_way" {
  command = plan

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this.configuration).EncryptionConfiguration.AtRestEncryptionConfiguration.S3EncryptionConfiguration == { EncryptionMode = "SSE-KMS", AwsKmsKey = var.kms_key_arn }
    error_message = "S3 with SSE-KMS under the key given."
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this.configuration).EncryptionConfiguration.AtRestEncryptionConfiguration.LocalDiskEncryptionConfiguration == { EncryptionKeyProviderType = "AwsKms", AwsKmsKey = var.kms_key_arn, EnableEbsEncryption = true }
    error_message = "Local disks, EBS included."
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this.configuration).EncryptionConfiguration.InTransitEncryptionConfiguration.TLSCertificateConfiguration.S3Object == var.certificates
    error_message = "Traffic between nodes under the certificates given."
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this.configuration).InstanceMetadataServiceConfiguration == { MinimumInstanceMetadataServiceVersion = 2, HttpPutResponseHopLimit = 1 }
    error_message = "IMDSv2 only."
  }
}

run "a_certificate_outside_s3_and_a_vpc_by_name_are_refused" {
  command         = plan
  expect_failures = [var.certificates, var.vpc_id, var.kms_key_arn]

  variables {
    certificates = "https://example.com/night.pem"
    vpc_id       = "default"
    kms_key_arn  = "alias/acme"
  }
}
