"""The judge sees all that there is: a rig that has played a matrix lists its clusters on more than one page."""

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber

from localcloud.server import LocalCloud
from localcloud.settings import Settings
from tests.chaos.facts import LAKE, STATE, Facts
from tests.localcloud.helpers import REGION, PlayedSteps, client_of, cluster_request

RUN = "manual__2026-01-02T00:00:00+00:00"
NAME = "nightshift wordcount manual__2026-01-02T00-00-00-00-00"


def cluster(number, name):
    timeline = {"CreationDateTime": datetime(2026, 1, 2, number, tzinfo=UTC)}
    return {"Id": f"j-{number}", "Name": name, "Status": {"State": "RUNNING", "Timeline": timeline}}


def pages(stubs, *listed):
    """EMR's answers to a listing, a page each."""
    for number, clusters in enumerate(listed):
        asked = {"Marker": str(number)} if number else {}
        more = {"Marker": str(number + 1)} if number + 1 < len(listed) else {}
        stubs.add_response("list_clusters", {"Clusters": clusters, **more}, asked)


def fresh_bucket(s3, bucket):
    """An empty bucket, whatever an earlier test of this process left under its name in moto."""
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])


@pytest.fixture
def facts(tmp_path):
    with LocalCloud(Settings(home=tmp_path, port=0), runner=PlayedSteps()) as cloud:
        rig = SimpleNamespace(aws=client_of(cloud), env={"AWS_ENDPOINT_URL": cloud.endpoint}, home=tmp_path)
        facts = Facts(rig)
        for bucket in (LAKE, STATE):
            fresh_bucket(facts.s3, bucket)
        yield facts
        for bucket in (LAKE, STATE):  # moto keeps them in the process, where other tests make their own
            facts.s3.delete_bucket(Bucket=bucket)


def test_the_clusters_of_a_run_are_found_on_every_page_oldest_first(facts):
    with Stubber(facts.emr) as stubs:
        pages(stubs, [cluster(3, NAME), cluster(1, "another")], [cluster(2, NAME)])
        for number, state in ((2, "CANCELLED"), (3, "COMPLETED")):
            stubs.add_response("list_steps", {"Steps": [{"Status": {"State": state}}]}, {"ClusterId": f"j-{number}"})
        assert facts.gold_steps(RUN) == ["CANCELLED", "COMPLETED"]


def test_clusters_are_alive_beyond_the_first_page(facts):
    made = {facts.emr.run_job_flow(**cluster_request())["JobFlowId"] for _ in range(51)}
    assert set(facts.alive()["clusters"]) == made
