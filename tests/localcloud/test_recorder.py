"""What the server remembers of the calls it was asked: operations by botocore's names, and what IAM would look at."""

import pytest
from botocore.exceptions import ClientError

from localcloud.client import Client
from localcloud.operations import UNKNOWN, Request, resolve
from localcloud.recorder import Recorder
from localcloud.wire import Caller
from tests.localcloud.helpers import REGION, cluster_request


@pytest.fixture
def server(cloud):
    client = Client(cloud.access)
    client.forget_calls()
    return client


def told(server, *names):
    return [[call[name] for name in names] for call in server.calls()]


def s3(method, path, query="", **headers):
    return resolve(Request("s3", method, path, query, {k.replace("_", "-"): v for k, v in headers.items()}))


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "name"),
    [
        ("GET", "/lake", "list-type=2&prefix=gold%2F", {}, "ListObjectsV2"),
        ("GET", "/lake", "", {}, "ListObjects"),
        ("GET", "/lake/", "location", {}, "GetBucketLocation"),
        ("HEAD", "/lake", "", {}, "HeadBucket"),
        ("HEAD", "/lake/a/b", "", {}, "HeadObject"),
        ("GET", "/lake/a/b", "", {}, "GetObject"),
        ("PUT", "/lake/a/b", "", {}, "PutObject"),
        ("PUT", "/lake/a/b", "", {"x_amz_copy_source": "lake/c"}, "CopyObject"),
        ("POST", "/lake/a/b", "uploads", {}, "CreateMultipartUpload"),
        ("PUT", "/lake/a/b", "partNumber=1&uploadId=u", {}, "UploadPart"),
        ("PUT", "/lake/a/b", "partNumber=1&uploadId=u", {"x_amz_copy_source": "lake/c"}, "UploadPartCopy"),
        ("POST", "/lake/a/b", "uploadId=u", {}, "CompleteMultipartUpload"),
        ("DELETE", "/lake/a/b", "uploadId=u", {}, "AbortMultipartUpload"),
        ("DELETE", "/lake/a/b", "", {}, "DeleteObject"),
        ("POST", "/lake", "delete", {}, "DeleteObjects"),
        ("PUT", "/lake", "publicAccessBlock", {}, "PutPublicAccessBlock"),
        ("GET", "/", "", {}, "ListBuckets"),
        ("PATCH", "/lake/a", "", {}, UNKNOWN),
    ],
)
def test_a_rest_call_is_named_by_method_path_query_and_headers(method, path, query, headers, name):
    assert s3(method, path, query, **headers).name == name


def test_a_rest_calls_parameters_have_the_models_names():
    found = s3("PUT", "/lake/b%20c", x_amz_copy_source="lake/staging/a", x_amz_tagging_directive="COPY")
    assert found.params == {
        "Bucket": "lake",
        "Key": "b c",
        "CopySource": "lake/staging/a",
        "TaggingDirective": "COPY",
    }


def test_calls_of_every_protocol_are_told_in_order_with_who_asked(cloud, aws, bucket, server):
    aws("s3").put_object(Bucket=bucket, Key="a/b", Body=b"x")
    aws("sts").get_caller_identity()
    aws("emr").list_clusters()
    aws("ec2").describe_vpcs()
    aws("iam").list_roles()
    assert told(server, "service", "operation", "status") == [
        ["s3", "PutObject", 200],
        ["sts", "GetCallerIdentity", 200],
        ["emr", "ListClusters", 200],
        ["ec2", "DescribeVpcs", 200],
        ["iam", "ListRoles", 200],
    ]
    (first, *_) = server.calls()
    assert (first["params"]["Bucket"], first["params"]["Key"]) == (bucket, "a/b")
    assert (first["access_key"], first["region"]) == (cloud.access.credentials.access_key, REGION)
    assert "Boto3/" in first["user_agent"]


def test_a_refused_call_is_told_with_its_status(aws, bucket, server):
    with pytest.raises(ClientError):
        aws("s3").head_object(Bucket=bucket, Key="nowhere")
    assert told(server, "operation", "status") == [["HeadObject", 404]]


def test_tags_at_birth_and_tags_of_what_is_named_are_told(aws, server):
    emr, ec2 = aws("emr"), aws("ec2")
    tags = [{"Key": "owner", "Value": "night"}]
    cluster = emr.run_job_flow(**cluster_request(Tags=tags))["JobFlowId"]
    emr.terminate_job_flows(JobFlowIds=[cluster])
    asked = {"GroupName": "nodes", "Description": "d"}
    group = ec2.create_security_group(**asked, TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])[
        "GroupId"
    ]
    ec2.delete_security_group(GroupId=group)
    calls = {call["operation"]: call for call in server.calls()}
    owned = {"owner": "night"}
    assert calls["RunJobFlow"]["request_tags"] == calls["CreateSecurityGroup"]["request_tags"] == owned
    assert calls["TerminateJobFlows"]["resource_tags"] == {cluster: owned}
    assert calls["DeleteSecurityGroup"]["resource_tags"] == {group: owned}, "as they were before it was deleted"


def test_secrets_and_data_are_not_kept(aws, bucket, server):
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"my-data")
    aws("secretsmanager").create_secret(Name="night/ssh", SecretString="my-secret")
    assert told(server, "operation") == [["PutObject"], ["CreateSecret"]]
    kept = repr(server.calls())
    assert "night/ssh" in kept
    assert "my-data" not in kept
    assert "my-secret" not in kept


def test_all_can_be_forgotten(aws, server):
    aws("sts").get_caller_identity()
    assert server.forget_calls() == 1
    assert server.calls() == []


def test_only_the_newest_are_kept():
    recorder = Recorder(lambda *_: {}, most=2)
    for bucket in "abc":
        environ = {"REQUEST_METHOD": "HEAD", "PATH_INFO": f"/bucket-{bucket}"}
        recorder.note(environ, Caller("test", REGION, "s3"), "123456789012", lambda *_: None)
    assert [call["params"]["Bucket"] for call in recorder.calls()] == ["bucket-b", "bucket-c"]
