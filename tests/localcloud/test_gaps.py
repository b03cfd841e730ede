"""What moto lacks and localcloud adds, each seen through boto3 as Terraform or the library meets it."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import IAMBackend
from moto.s3.models import s3_backends

from tests.localcloud.helpers import Client


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def test_a_bucket_that_denies_plain_http_still_serves_its_objects(aws: Client, bucket: str) -> None:
    s3 = aws("s3")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_object(Bucket=bucket, Key="x", Body=b"1")
    assert s3.head_object(Bucket=bucket, Key="x")["ContentLength"] == 1
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy


def test_a_deny_without_a_condition_denies(aws: Client, bucket: str) -> None:
    s3 = aws("s3")
    s3.put_object(Bucket=bucket, Key="x", Body=b"1")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        s3.get_object(Bucket=bucket, Key="x")


def test_a_versioned_bucket_with_delete_markers_can_be_emptied(aws: Client, bucket: str) -> None:
    s3 = aws("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="x", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="x")
    listed = s3.list_object_versions(Bucket=bucket)
    for version in listed["Versions"] + listed["DeleteMarkers"]:
        s3.delete_object(Bucket=bucket, Key="x", VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_a_ranged_read_gives_the_range_of_what_was_written_last(aws: Client, bucket: str) -> None:
    s3 = aws("s3")
    for letter in (b"a", b"b"):
        s3.put_object(Bucket=bucket, Key="big", Body=letter * (3 << 20))
        part = s3.get_object(Bucket=bucket, Key="big", Range="bytes=1048570-1048579")["Body"].read()
        assert part == letter * 10


def test_a_big_object_that_is_read_again_is_not_read_from_disk_again(aws: Client, bucket: str) -> None:
    aws("s3").put_object(Bucket=bucket, Key="big", Body=bytes(3 << 20))
    key = s3_backends["123456789012"]["aws"].get_object(bucket, "big")
    assert key.value is key.value


def test_of_many_writers_of_a_new_key_exactly_one_wins(aws: Client, bucket: str) -> None:
    s3 = aws("s3")

    def write(number: int) -> bool:
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "PreconditionFailed"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [False] * 7 + [True]


def test_an_action_moto_lacks_is_answered_501_in_xml_and_in_json(aws: Client) -> None:
    calls = [
        lambda: aws("iam").generate_organizations_access_report(EntityPath="o-1234567890/r-abcd/ou-abcd-12345678"),
        lambda: aws("glue").get_catalog_import_status(),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_a_rule_that_names_a_group_keeps_its_description_and_can_be_revoked(aws: Client, subnet: str) -> None:
    ec2 = aws("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    one, two = (
        ec2.create_security_group(GroupName=unique("g"), Description="x", VpcId=vpc)["GroupId"] for _ in range(2)
    )
    pair = {"GroupId": two, "Description": "from the service"}
    rule = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443}
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[{**rule, "UserIdGroupPairs": [pair]}])
    described = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])
    ingress = [r for r in described["SecurityGroupRules"] if not r["IsEgress"]]
    assert [r["Description"] for r in ingress] == ["from the service"]
    bare = [{**rule, "UserIdGroupPairs": [{"GroupId": two}]}]
    ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=bare)
    with pytest.raises(ClientError, match=r"InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=one, SecurityGroupRuleIds=[ingress[0]["SecurityGroupRuleId"]])


@pytest.fixture
def machine(aws: Client, subnet: str) -> dict[str, Any]:
    """An instance launched as terraform launches one with a public address, and the security group it asked for."""
    ec2 = aws("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=unique("g"), Description="x", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
    disks = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}},
        {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250}},
    ]
    asked = {"NetworkInterfaces": [interface], "BlockDeviceMappings": disks, "ImageId": "ami-12c6146b"}
    (made,) = ec2.run_instances(**asked, MinCount=1, MaxCount=1)["Instances"]
    return {"id": made["InstanceId"], "group": group}


def described(aws: Client, machine: dict[str, Any]) -> dict[str, Any]:
    found = aws("ec2").describe_instances(InstanceIds=[machine["id"]])
    return dict(found["Reservations"][0]["Instances"][0])


def test_an_instance_can_be_monitored_in_detail_and_no_more(aws: Client, machine: dict[str, Any]) -> None:
    ec2 = aws("ec2")
    for call, state in ((ec2.monitor_instances, "enabled"), (ec2.unmonitor_instances, "disabled")):
        (answer,) = call(InstanceIds=[machine["id"]])["InstanceMonitorings"]
        assert answer == {"InstanceId": machine["id"], "Monitoring": {"State": state}}
        assert described(aws, machine)["Monitoring"]["State"] == state


def test_an_instance_is_in_the_groups_of_its_interface_whatever_becomes_of_its_shutdown(
    aws: Client, machine: dict[str, Any]
) -> None:
    assert [g["GroupId"] for g in described(aws, machine)["SecurityGroups"]] == [machine["group"]]
    change = {"InstanceInitiatedShutdownBehavior": {"Value": "terminate"}}
    aws("ec2").modify_instance_attribute(InstanceId=machine["id"], **change)
    assert [g["GroupId"] for g in described(aws, machine)["SecurityGroups"]] == [machine["group"]]
    attribute = {"InstanceId": machine["id"], "Attribute": "instanceInitiatedShutdownBehavior"}
    read = aws("ec2").describe_instance_attribute(**attribute)
    assert read["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"


def test_the_interface_of_a_launch_ends_with_its_instance_and_one_that_was_there_stays(
    aws: Client, subnet: str, machine: dict[str, Any]
) -> None:
    ec2 = aws("ec2")
    own = described(aws, machine)["NetworkInterfaces"][0]
    assert own["Attachment"]["DeleteOnTermination"]
    kept = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    given = [{"DeviceIndex": 0, "NetworkInterfaceId": kept}]
    other = ec2.run_instances(ImageId="ami-12c6146b", NetworkInterfaces=given, MinCount=1, MaxCount=1)["Instances"][0]
    ec2.terminate_instances(InstanceIds=[machine["id"], other["InstanceId"]])
    again = ec2.terminate_instances(InstanceIds=[machine["id"]])["TerminatingInstances"]
    assert again[0]["PreviousState"]["Name"] == "terminated"
    in_subnet = [{"Name": "subnet-id", "Values": [subnet]}]
    left = ec2.describe_network_interfaces(Filters=in_subnet)["NetworkInterfaces"]
    assert [interface["NetworkInterfaceId"] for interface in left] == [kept]


def test_volumes_have_the_speed_that_was_asked_for_or_the_baselines(aws: Client, machine: dict[str, Any]) -> None:
    attached = [{"Name": "attachment.instance-id", "Values": [machine["id"]]}]
    volumes = aws("ec2").describe_volumes(Filters=attached)["Volumes"]
    speeds = {v["Attachments"][0]["Device"]: (v["Iops"], v["Throughput"]) for v in volumes}
    assert speeds == {"/dev/xvda": (3000, 125), "/dev/xvdb": (4000, 250)}


def test_awss_own_policies_can_be_attached(aws: Client) -> None:
    iam, name = aws("iam"), unique("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    arn = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"][0]["PolicyArn"] == arn


def test_a_user_has_no_service_specific_credentials(aws: Client) -> None:
    name = unique("user")
    aws("iam").create_user(UserName=name)
    listed = aws("iam").list_service_specific_credentials(UserName=name)
    assert listed["ServiceSpecificCredentials"] == []


def test_a_user_keeps_the_boundary_it_was_given_until_it_is_taken_away(aws: Client) -> None:
    iam, name, arn = aws("iam"), unique("user"), "arn:aws:iam::123456789012:policy/boundary"
    iam.create_user(UserName=name, PermissionsBoundary=arn)
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=f"{arn}-2")
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == f"{arn}-2"
    iam.delete_user_permissions_boundary(UserName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]


def test_a_redrive_policy_is_read_as_compact_json(aws: Client) -> None:
    sqs = aws("sqs")
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{unique('dead')}"
    sqs.create_queue(QueueName=arn.rpartition(":")[2])
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}, separators=(",", ":"))
    url = sqs.create_queue(QueueName=unique("queue"), Attributes={"RedrivePolicy": policy})["QueueUrl"]
    read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert read["RedrivePolicy"] == policy


def test_every_database_has_a_resource_id_of_its_own(aws: Client) -> None:
    rds = aws("rds")
    ids = {
        rds.create_db_instance(DBInstanceIdentifier=unique("db"), DBInstanceClass="db.t3.micro", Engine="postgres")[
            "DBInstance"
        ]["DbiResourceId"]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_a_parameter_that_was_set_is_the_users(aws: Client) -> None:
    rds, name = aws("rds"), unique("params")
    rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description="x")
    change = {"ParameterName": "log_connections", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[change])
    read = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
    (parameter,) = [p for p in read if p["ParameterName"] == "log_connections"]
    assert (parameter["ParameterValue"], parameter["Source"]) == ("1", "user")


def test_a_workgroup_and_a_saved_query_of_athena_can_be_changed(aws: Client) -> None:
    athena, name = aws("athena"), unique("group")
    athena.create_work_group(Name=name, Configuration={"BytesScannedCutoffPerQuery": 20_000_000})
    updates = {
        "RemoveBytesScannedCutoffPerQuery": True,
        "EnforceWorkGroupConfiguration": True,
        "ResultConfigurationUpdates": {"OutputLocation": "s3://lake/athena/"},
    }
    athena.update_work_group(WorkGroup=name, Description="new", ConfigurationUpdates=updates)
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert group["Description"] == "new" and group["State"] == "ENABLED"
    assert "BytesScannedCutoffPerQuery" not in group["Configuration"]
    assert group["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://lake/athena/"}
    query = athena.create_named_query(Name="q", Database="d", QueryString="select 1")["NamedQueryId"]
    athena.update_named_query(NamedQueryId=query, Name="r", QueryString="select 2")
    changed = athena.get_named_query(NamedQueryId=query)["NamedQuery"]
    assert (changed["Name"], changed["QueryString"]) == ("r", "select 2")
    athena.delete_work_group(WorkGroup=name)
    for call in (athena.get_work_group, athena.update_work_group):
        with pytest.raises(athena.exceptions.InvalidRequestException, match="is not found"):
            call(WorkGroup=name)


def test_athena_without_tags_lists_none_and_lets_go_of_its_things(aws: Client) -> None:
    athena, name = aws("athena"), unique("group")
    athena.create_work_group(Name=name)
    arn = f"arn:aws:athena:eu-west-1:123456789012:workgroup/{name}"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    query = athena.create_named_query(Name="q", Database="d", QueryString="select 1")["NamedQueryId"]
    athena.delete_named_query(NamedQueryId=query)
    assert query not in athena.list_named_queries()["NamedQueryIds"]
    athena.create_data_catalog(Name=name, Type="GLUE")
    athena.delete_data_catalog(Name=name)
    assert name not in [c["CatalogName"] for c in athena.list_data_catalogs()["DataCatalogsSummary"]]


def test_a_glue_connection_is_read_back_with_its_type_and_deleted(aws: Client) -> None:
    glue, name = aws("glue"), unique("connection")
    glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {"A": "b"}})
    assert glue.get_connection(Name=name)["Connection"]["ConnectionType"] == "JDBC"
    glue.delete_connection(ConnectionName=name)
    with pytest.raises(ClientError, match="EntityNotFound"):
        glue.get_connection(Name=name)


def test_a_budget_lists_its_subscribers_and_its_tags(aws: Client) -> None:
    budgets, name = aws("budgets"), unique("budget")
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscribers = [{"SubscriptionType": "EMAIL", "Address": "ops@example.com"}]
    budget: dict[str, Any] = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "10", "Unit": "USD"},
    }
    account = "123456789012"
    budgets.create_budget(
        AccountId=account,
        Budget=budget,
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": subscribers}],
        ResourceTags=[{"Key": "team", "Value": "night"}, {"Key": "old", "Value": "yes"}],
    )
    of_budget = {"AccountId": account, "BudgetName": name}
    found = budgets.describe_subscribers_for_notification(**of_budget, Notification=notification)
    assert found["Subscribers"] == subscribers
    arn = f"arn:aws:budgets::{account}:budget/{name}"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "team", "Value": "day"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["old"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "team", "Value": "day"}]


def test_managed_policies_are_parsed_once_and_how_often_one_is_attached_is_an_accounts_own() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    first, other = (IAMBackend("aws", account) for account in ("210987654321", "109876543210"))
    first.create_role("night", "{}", "/", None, "", [], "3600")
    first.attach_role_policy(arn, "night")
    after_reset = IAMBackend("aws", "210987654321")
    policies = [backend.managed_policies[arn] for backend in (first, after_reset, other)]
    assert len(after_reset.managed_policies) > 1000
    assert [policy.attachment_count for policy in policies] == [1, 0, 0]
    assert policies[0].versions[0] is policies[1].versions[0]
