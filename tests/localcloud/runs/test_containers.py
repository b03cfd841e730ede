"""EMR on EKS: virtual clusters, their namespaces, and what StartJobRun refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.localcloud.helpers import Client
from tests.localcloud.runs.conftest import Service, eks_cluster, provider
from tests.patience import until


def state_of(service: Service) -> str:
    return str(service.client.describe_virtual_cluster(id=service.place)["virtualCluster"]["state"])


def test_a_namespace_has_one_virtual_cluster_and_the_eks_cluster_must_exist(aws: Client) -> None:
    client, eks = aws("emr-containers"), eks_cluster(aws)
    first = client.create_virtual_cluster(name="a", containerProvider=provider(eks), clientToken="t")["id"]
    assert client.create_virtual_cluster(name="a", containerProvider=provider(eks), clientToken="t")["id"] == first
    with pytest.raises(client.exceptions.ValidationException, match="already exists in the given namespace"):
        client.create_virtual_cluster(name="b", containerProvider=provider(eks))
    client.create_virtual_cluster(name="b", containerProvider=provider(eks, "others"))
    with pytest.raises(client.exceptions.ValidationException, match="EKS cluster none does not exist"):
        client.create_virtual_cluster(name="c", containerProvider=provider("none"))
    listed = client.list_virtual_clusters(containerProviderId=eks, states=["RUNNING"])["virtualClusters"]
    assert [one["name"] for one in listed] == ["a", "b"]


def test_deleting_a_virtual_cluster_cancels_its_runs_first(containers: Service) -> None:
    run = containers.start("hold")
    containers.wait(run, "RUNNING")
    containers.client.delete_virtual_cluster(id=containers.place)
    until(lambda: state_of(containers) == "TERMINATED")
    assert containers.look(run)["state"] == "CANCELLED"
    with pytest.raises(containers.client.exceptions.ValidationException, match="state TERMINATED is not valid"):
        containers.start("ok")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"releaseLabel": "emr-7.13.0"}, "ResourceNotFoundException", "Release emr-7.13.0 doesn't exist."),
        ({"executionRoleArn": "arn:aws:iam::1:user/x"}, "ValidationException", "regular expression pattern"),
        ({"jobDriver": {}}, "ValidationException", "jobDriver must be given"),
        ({"jobDriver": {"sparkSqlJobDriver": {}}}, "ValidationException", "sparkSubmitJobDriver only"),
        ({"virtualClusterId": "none"}, "ResourceNotFoundException", "Virtual cluster none doesn't exist."),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(
    containers: Service, options: dict[str, Any], error: str, words: str
) -> None:
    request = {"virtualClusterId": containers.place, **options}
    cluster = request.pop("virtualClusterId")
    with pytest.raises(getattr(containers.client.exceptions, error), match=words) as refused:
        containers.client.start_job_run(
            **{
                "virtualClusterId": cluster,
                "executionRoleArn": "arn:aws:iam::123456789012:role/jobs",
                "releaseLabel": "emr-7.13.0-latest",
                "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://a/main.py"}},
                **request,
            }
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_runs_are_listed_by_name_state_and_time(containers: Service) -> None:
    first, second = containers.start("ok"), containers.start("ok", name="other")
    for run in (first, second):
        containers.wait(run, "COMPLETED")

    def listed(**options: Any) -> list[str]:
        found = containers.client.list_job_runs(virtualClusterId=containers.place, **options)
        return [run["id"] for run in found["jobRuns"]]

    soon = datetime.now(UTC) + timedelta(hours=1)
    assert listed(states=["COMPLETED", "FAILED"], createdBefore=soon) == [second, first]
    assert (listed(name="other"), listed(createdAfter=soon)) == ([second], [])
    page = containers.client.list_job_runs(virtualClusterId=containers.place, maxResults=1)
    assert listed(nextToken=page["nextToken"]) == [first]
