"""The judge sees all that there is: a rig that has played a matrix lists its clusters on more than one page."""

from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from tests.chaos.facts import ALIVE, Facts

RUN = "manual__2026-01-02T00:00:00+00:00"
NAME = "nightshift wordcount manual__2026-01-02T00-00-00-00-00"


def cluster(number, name):
    timeline = {"CreationDateTime": datetime(2026, 1, 2, number, tzinfo=UTC)}
    return {"Id": f"j-{number}", "Name": name, "Status": {"State": "RUNNING", "Timeline": timeline}}


def pages(stubs, *listed, **which):
    """EMR's answers to a listing, a page each."""
    for number, clusters in enumerate(listed):
        asked = {"Marker": str(number), **which} if number else which
        more = {"Marker": str(number + 1)} if number + 1 < len(listed) else {}
        stubs.add_response("list_clusters", {"Clusters": clusters, **more}, asked)


@pytest.fixture
def facts():
    return Facts(SimpleNamespace(aws=lambda service: boto3.client(service, region_name="us-east-1")))


def test_the_clusters_of_a_run_are_found_on_every_page_oldest_first(facts):
    with Stubber(facts.emr) as stubs:
        pages(stubs, [cluster(3, NAME), cluster(1, "another")], [cluster(2, NAME)])
        for number, state in ((2, "CANCELLED"), (3, "COMPLETED")):
            stubs.add_response("list_steps", {"Steps": [{"Status": {"State": state}}]}, {"ClusterId": f"j-{number}"})
        assert facts.gold_steps(RUN) == ["CANCELLED", "COMPLETED"]


def test_a_cluster_alive_on_the_second_page_is_alive(facts):
    with Stubber(facts.emr) as stubs:
        pages(stubs, [], [cluster(1, NAME)], ClusterStates=ALIVE)
        assert [found["Id"] for found in facts.clusters(ClusterStates=ALIVE)] == ["j-1"]
