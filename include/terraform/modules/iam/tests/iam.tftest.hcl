# Each role can do its own work, on these resources, and cannot give itself more.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    # Computed strings of a mock are random text, which the policy validator refuses.
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/acme" }
  }
}

variables {
  name             = "acme-nightshift-test"
  region           = "us-east-1"
  bucket_arns      = { for kind in ["raw", "lake", "artifacts", "logs"] : kind => "arn:aws:s3:::acme-nightshift-test-${kind}" }
  state_bucket_arn = "arn:aws:s3:::acme-nightshift-test-state"
  kms_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  topic_arn        = "arn:aws:sns:us-east-1:123456789012:acme-nightshift-test-runs"
  sources          = { clusters = { shop = ["cards"] }, hosts = { beds = ["beds_api", "beds_tables"] } }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = [for s in concat(
      data.aws_iam_policy_document.emr_service.statement, data.aws_iam_policy_document.emr_instance.statement, data.aws_iam_policy_document.ingest_host.statement,
      data.aws_iam_policy_document.airflow_night.statement, data.aws_iam_policy_document.airflow_terraform.statement,
      data.aws_iam_policy_document.airflow_transient.statement, data.aws_iam_policy_document.airflow_mwaa.statement, data.aws_iam_policy_document.airflow_ingest.statement,
      data.aws_iam_policy_document.airflow_compute.statement,
    ) : s.sid if anytrue([for a in s.actions : strcontains(a, "*")])] == []
    error_message = "Every action must be named."
  }
}

run "only_what_aws_cannot_scope_is_unscoped" {
  command = plan

  assert {
    condition = toset([for s in concat(
      data.aws_iam_policy_document.emr_service.statement, data.aws_iam_policy_document.emr_instance.statement, data.aws_iam_policy_document.ingest_host.statement,
      data.aws_iam_policy_document.airflow_night.statement, data.aws_iam_policy_document.airflow_terraform.statement,
      data.aws_iam_policy_document.airflow_transient.statement, data.aws_iam_policy_document.airflow_mwaa.statement, data.aws_iam_policy_document.airflow_ingest.statement,
      data.aws_iam_policy_document.airflow_compute.statement,
      ) : s.sid if contains(coalesce(s.resources, []), "*")]) == toset([
      "StartClustersOfThisName", "FindWhatIsAlive", "PriceSpot", "LookAround", "ReadSubscriptions", "KeepSecurityConfigurations", "ProveBucketsArePrivate",
      "FindLogGroups", "Measure", "LookAtHosts", "FollowCommands", "HearCommands", "HearCommandsTheOlderWay",
      "MakeApplicationsOfThisName", "FindApplications", "FindGlueJobs", "MakeVirtualClustersOfThisName", "FindVirtualClusters",
    ])
    error_message = "A new statement over all resources needs a reason here and a comment there."
  }
}

run "a_role_is_handed_to_one_service_only" {
  command = plan

  assert {
    condition = alltrue([for s in concat(
      data.aws_iam_policy_document.emr_service.statement, data.aws_iam_policy_document.emr_instance.statement, data.aws_iam_policy_document.ingest_host.statement,
      data.aws_iam_policy_document.airflow_night.statement, data.aws_iam_policy_document.airflow_terraform.statement,
      data.aws_iam_policy_document.airflow_transient.statement, data.aws_iam_policy_document.airflow_mwaa.statement, data.aws_iam_policy_document.airflow_ingest.statement,
      data.aws_iam_policy_document.airflow_compute.statement,
      ) :
      one(s.condition).variable == "iam:PassedToService" && contains([for roles in [["emr-service"], ["emr-instance", "emr-instance-shop"], ["ingest-host-beds"], ["serverless", "serverless-shop"], ["glue", "glue-shop"]] : toset([for role in roles : "arn:aws:iam::123456789012:role/acme-nightshift-test-${role}"])], s.resources)
      if contains(s.actions, "iam:PassRole")
    ])
    error_message = "PassRole must name the roles of one kind, and the service."
  }
}

run "nobody_can_give_himself_more" {
  command = plan

  assert {
    condition = length(setintersection(flatten([for s in concat(
      data.aws_iam_policy_document.emr_service.statement, data.aws_iam_policy_document.emr_instance.statement, data.aws_iam_policy_document.ingest_host.statement,
      data.aws_iam_policy_document.airflow_night.statement, data.aws_iam_policy_document.airflow_terraform.statement,
      data.aws_iam_policy_document.airflow_transient.statement, data.aws_iam_policy_document.airflow_mwaa.statement, data.aws_iam_policy_document.airflow_ingest.statement,
      data.aws_iam_policy_document.airflow_compute.statement,
      ) : s.actions]), [
      "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreatePolicy", "iam:CreatePolicyVersion",
      "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:AddRoleToInstanceProfile",
      "kms:PutKeyPolicy", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
    ])) == 0
    error_message = "A role that can write policies is an administrator."
  }
}

run "nodes_write_the_lake_and_their_logs_only" {
  command = plan

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.emr_instance.statement : s.resources if contains(s.actions, "s3:PutObject")])) == toset([
      "arn:aws:s3:::acme-nightshift-test-lake/*", "arn:aws:s3:::acme-nightshift-test-logs/emr/*",
    ])
    error_message = "A job may change neither its input nor its code."
  }
}

run "an_ingestion_host_fills_raw_and_changes_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.ingest_host.statement : s.resources if contains(s.actions, "s3:PutObject")])) == toset([
      "arn:aws:s3:::acme-nightshift-test-raw/*", "arn:aws:s3:::acme-nightshift-test-logs/ingest/*",
    ])
    error_message = "A host writes raw and what its commands said."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.ingest_host.statement : s.resources if contains(s.actions, "s3:GetObject")])) == toset([
      "arn:aws:s3:::acme-nightshift-test-raw/*", "arn:aws:s3:::acme-nightshift-test-artifacts/jobs/*",
    ])
    error_message = "A host reads its program and what it landed itself, not the lake."
  }

  assert {
    condition = length([for a in flatten([for s in data.aws_iam_policy_document.ingest_host.statement : s.actions]) : a
      if startswith(a, "ssm:") && a != "ssm:UpdateInstanceInformation"
    ]) == 0
    error_message = "Run Command needs no more of Systems Manager than to know the host is there; parameters may be anybody's secrets."
  }
}

run "who_opens_a_source_is_a_role_of_that_pipeline" {
  command = plan

  assert {
    condition = { for role, d in data.aws_iam_policy_document.sources : role => flatten([for s in d.statement : [for r in s.resources : trimprefix(r, "arn:aws:secretsmanager:us-east-1:123456789012:secret:")]]) } == {
      emr-instance-shop = ["acme-nightshift-test/sources/cards-??????"]
      ingest-host-beds  = ["acme-nightshift-test/sources/beds_api-??????", "acme-nightshift-test/sources/beds_tables-??????"]
    }
    error_message = "Its own sources' secrets, by whole names."
  }

  assert {
    condition = [for s in concat(data.aws_iam_policy_document.emr_instance.statement, data.aws_iam_policy_document.ingest_host.statement, data.aws_iam_policy_document.emr_service.statement) :
    s.sid if length([for a in s.actions : a if startswith(a, "secretsmanager:")]) > 0] == []
    error_message = "What all clusters, or all hosts, may do opens no secret."
  }

  assert {
    condition     = keys(aws_iam_instance_profile.this) == ["emr-instance", "emr-instance-shop", "ingest-host-beds"] && keys(aws_iam_role_policy.sources) == ["emr-instance-shop", "ingest-host-beds"]
    error_message = "One profile of nodes without a source, and one for each pipeline that opens any."
  }
}

run "a_pattern_for_a_source_and_an_empty_list_are_refused" {
  command         = plan
  expect_failures = [var.sources]

  variables {
    sources = { clusters = { shop = ["*"] }, hosts = { beds = [] } }
  }
}

run "a_host_is_bound_to_this_name_at_birth_at_work_and_at_its_end" {
  command = plan

  assert {
    condition = { for s in data.aws_iam_policy_document.airflow_ingest.statement : s.sid => try("${one(s.condition).variable}=${one(one(s.condition).values)}", "-")
      if length(setintersection(s.actions, ["ec2:RunInstances", "ec2:CreateTags", "ec2:TerminateInstances", "ssm:SendCommand"])) > 0
      } == {
      StartHostsOfThisName       = "aws:RequestTag/nightshift:name=acme-nightshift-test"
      StartThemInThisNetwork     = "aws:ResourceTag/nightshift:name=acme-nightshift-test"
      StartThemFromAmazonsImages = "ec2:Owner=amazon"
      GiveThemAnInterface        = "-"
      TagHostsAtBirth            = "ec2:CreateAction=RunInstances"
      KeepHostsOfThisName        = "aws:ResourceTag/nightshift:name=acme-nightshift-test"
      SendShellScripts           = "-"
      SendThemToHostsOfThisName  = "ssm:resourceTag/nightshift:name=acme-nightshift-test"
    }
    error_message = "Nobody else's machine may be started, told what to do or ended."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.airflow_ingest.statement : s.resources if s.sid == "SendShellScripts"])) == toset([
      "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "arn:aws:s3:::acme-nightshift-test-logs",
    ])
    error_message = "One document, and its output to our logs."
  }
}

run "airflow_starts_and_stops_clusters_of_this_name_only" {
  command = plan

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.airflow_night.statement :
      one(s.condition).variable == "elasticmapreduce:RequestTag/nightshift:name" && one(s.condition).values == tolist(["acme-nightshift-test"])
      if contains(s.actions, "elasticmapreduce:RunJobFlow")
    ])
    error_message = "A cluster starts with this name's tag or not at all."
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.airflow_night.statement :
      one(s.condition).variable == "elasticmapreduce:ResourceTag/nightshift:name" && one(s.condition).values == tolist(["acme-nightshift-test"])
      if contains(s.actions, "elasticmapreduce:TerminateJobFlows")
    ])
    error_message = "Nobody else's cluster may be terminated."
  }
}

run "applications_and_glue_jobs_are_of_this_name_from_birth_to_end" {
  command = plan

  assert {
    condition = { for s in data.aws_iam_policy_document.airflow_compute.statement : s.sid => "${one(s.condition).variable}=${one(one(s.condition).values)}"
      if length(setintersection(s.actions, ["emr-serverless:CreateApplication", "emr-serverless:DeleteApplication", "emr-serverless:StartJobRun", "glue:CreateJob", "glue:DeleteJob", "glue:StartJobRun", "emr-containers:CreateVirtualCluster", "emr-containers:DeleteVirtualCluster"])) > 0
      } == {
      MakeApplicationsOfThisName = "aws:RequestTag/nightshift:name=acme-nightshift-test"
      RunApplicationsOfThisName  = "aws:ResourceTag/nightshift:name=acme-nightshift-test"
      MakeGlueJobsOfThisName     = "aws:RequestTag/nightshift:name=acme-nightshift-test"
      RunGlueJobsOfThisName      = "aws:ResourceTag/nightshift:name=acme-nightshift-test"

      MakeVirtualClustersOfThisName = "aws:RequestTag/nightshift:name=acme-nightshift-test"
      RunVirtualClustersOfThisName  = "aws:ResourceTag/nightshift:name=acme-nightshift-test"
    }
    error_message = "Nobody else's may be run or deleted."
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.airflow_compute.statement : { for c in s.condition : c.variable => toset(c.values) } if contains(s.actions, "emr-containers:StartJobRun")] == [{
      "aws:ResourceTag/nightshift:name" = toset(["acme-nightshift-test"])
      "emr-containers:ExecutionRoleArn" = toset(["arn:aws:iam::123456789012:role/acme-nightshift-test-kubernetes", "arn:aws:iam::123456789012:role/acme-nightshift-test-kubernetes-shop"])
    }]
    error_message = "A job run gets no role but those of this name's pods."
  }
}

run "the_foundations_state_cannot_be_deleted" {
  command = plan

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.airflow_terraform.statement : s.resources if contains(s.actions, "s3:DeleteObject")])) == toset([
      "arn:aws:s3:::acme-nightshift-test-state/transient/*",
    ])
    error_message = "What a run made may go, the foundation's state and lock may not."
  }
}

run "each_role_trusts_its_service_alone" {
  command = plan

  assert {
    condition = { for role, d in data.aws_iam_policy_document.trust : role => tolist(one(d.statement[0].principals).identifiers) } == {
      emr-service       = tolist(["elasticmapreduce.amazonaws.com"])
      emr-instance      = tolist(["ec2.amazonaws.com"])
      emr-instance-shop = tolist(["ec2.amazonaws.com"])
      ingest-host-beds  = tolist(["ec2.amazonaws.com"])
      airflow           = tolist(["airflow-env.amazonaws.com", "airflow.amazonaws.com"])
    }
    error_message = "Nobody else may assume these roles."
  }

  assert {
    condition = alltrue([for role in ["emr-service", "airflow"] :
      one(data.aws_iam_policy_document.trust[role].statement[0].condition).variable == "aws:SourceAccount"
    ])
    error_message = "A service may not be talked into using the role for another account."
  }
}

run "an_incomplete_set_of_buckets_is_refused" {
  command         = plan
  expect_failures = [var.bucket_arns]

  variables {
    bucket_arns = { lake = "arn:aws:s3:::acme-nightshift-test-lake" }
  }
}

run "a_night_writes_nothing_of_the_foundation" {
  command = plan

  assert {
    condition = [for a in flatten([for s in data.aws_iam_policy_document.airflow_terraform.statement : s.actions if !contains(["KeepState", "ReleaseLocks"], s.sid)]) :
    a if !can(regex(":(Get|List|Describe|Lookup)", a))] == []
    error_message = "The foundation's owner changes it."
  }

  assert {
    condition     = toset(flatten([for s in data.aws_iam_policy_document.airflow_terraform.statement : s.resources if s.sid == "KeepState"])) == toset([for key in ["foundation.applied.json", "drift.json", "transient/*"] : "arn:aws:s3:::acme-nightshift-test-state/${key}"])
    error_message = "Nor its state."
  }
}

run "airflow_opens_the_databases_of_clusters_and_no_other_source" {
  command = plan

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.airflow_transient.statement : s.resources if contains(s.actions, "secretsmanager:GetSecretValue") && s.effect != "Deny"])) == toset([
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:acme-nightshift-test/runs/*",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:acme-nightshift-test/sources/cards-??????",
    ])
    error_message = "A source that no pipeline names, and a host's, are not Airflow's to read."
  }
}

run "without_databases_airflow_opens_no_source" {
  command = plan

  variables {
    sources = { clusters = {}, hosts = { beds = ["beds_api"] } }
  }

  assert {
    condition     = !anytrue([for s in data.aws_iam_policy_document.airflow_transient.statement : anytrue([for r in s.resources : strcontains(r, "/sources/") && s.effect != "Deny"])])
    error_message = "No pipeline names a database."
  }
}
