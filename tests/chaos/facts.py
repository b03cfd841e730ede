"""What a cell sees by itself, asking AWS and never nightshift: what is alive, what gold says, what was told."""

import io
import json
from dataclasses import dataclass
from typing import Any

import psutil
import pyarrow.parquet as pq

from tests.chaos.drops import DAY, Drop, measured
from tests.chaos.places import Places

LAKE, STATE = "nightshift-local-lake", "nightshift-local-state"
ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
KEPT = {"foundation.tfstate", "foundation.applied.json"}
PARTITION = f"business_date={DAY}/"


@dataclass(frozen=True)
class Gold:
    """One table's partition: its keys, the ETag of each, what it says."""

    objects: dict[str, str]
    says: Any


class Facts:
    """Looks at one rig's cloud."""

    def __init__(self, rig: Any) -> None:
        self._rig = rig
        self.s3, self.emr, self.ec2 = rig.aws("s3"), rig.aws("emr"), rig.aws("ec2")
        self.places = Places(rig)

    def alive(self) -> dict[str, list[str]]:
        """What costs money or stands in the way of the next night, by kind; kinds without any are not in it."""
        found = {
            "clusters": [cluster["Id"] for cluster in self.clusters(ClusterStates=ALIVE)],
            **self.places.alive(),
            "instances": self._instances(),
            "security groups": self.security_groups(),
            "security configurations": self.security_configurations(),
            "key pairs": [pair["KeyName"] for pair in self.ec2.describe_key_pairs()["KeyPairs"]],
            "secrets": [secret["Name"] for secret in self._rig.aws("secretsmanager").list_secrets()["SecretList"]],
            "states and locks": self._states(),
            "staging": self.keys(LAKE, "staging/"),
            "claims": self.keys(LAKE, "claims/"),
            "terraform": self._terraform(),
        }
        return {kind: ids for kind, ids in found.items() if ids}

    def clusters(self, **which: Any) -> list[dict[str, Any]]:
        """All of them: a page holds 50, in no order, and a rig that plays the whole matrix makes more."""
        return [c for page in self.emr.get_paginator("list_clusters").paginate(**which) for c in page["Clusters"]]

    def security_groups(self) -> list[str]:
        filters = [{"Name": "tag-key", "Values": ["nightshift:run"]}]
        return [group["GroupId"] for group in self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]

    def security_configurations(self) -> list[str]:
        return [c["Name"] for c in self.emr.list_security_configurations()["SecurityConfigurations"]]

    def open_markers(self) -> list[str]:
        return self.keys(LAKE, "open/")

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """None before there is such a bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            return [item["Key"] for page in pages for item in page.get("Contents", [])]
        except self.s3.exceptions.NoSuchBucket:
            return []

    def gold(self, dag: str, drop: Drop) -> dict[str, Gold]:
        """Each gold table of the date; a table that is not there has no objects."""
        return {table: self._table(dag, table) for table in drop.gold}

    def rows(self, dag: str, tables: Any) -> dict[str, int]:
        """How many rows the partition of the date holds, by "layer/table"."""
        return {name: len(self._parquet(self._partition(f"{name.replace('/', f'/{dag}/')}/"))) for name in tables}

    def _partition(self, home: str) -> str:
        """Where the date's rows of a table lie: in silver's tables that are replaced as one a name says where."""
        named = sorted(self.keys(LAKE, f"{home}_holds/{DAY}="))
        return f"{home}{named[-1].rpartition('=')[2]}/day={DAY}/" if named else f"{home}{PARTITION}"

    def quarantined(self, dag: str) -> int:
        keys = [key for key in self.keys(LAKE, f"quarantine/{dag}/") if PARTITION in key and key.endswith(".parquet")]
        return sum(pq.read_table(io.BytesIO(self._body(key))).num_rows for key in keys)

    def gold_steps(self, run_id: str) -> list[str]:
        """The states of the run's last step on each of its clusters, oldest cluster first."""
        slug = _slug(run_id)
        clusters = [cluster for cluster in self.clusters() if slug in cluster["Name"]]
        clusters.sort(key=lambda cluster: cluster["Status"]["Timeline"]["CreationDateTime"])
        steps = [self.emr.list_steps(ClusterId=c["Id"])["Steps"] for c in clusters]
        return [listed[0]["Status"]["State"] for listed in steps if listed]

    def ledger(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        keys = sorted(self.keys(LAKE, f"runs/{dag}/{_slug(run_id)}/entries/"))
        return [json.loads(self._body(key)) for key in keys]

    def record(self, dag: str, run_id: str) -> dict[str, Any]:
        key = f"runs/{dag}/{_slug(run_id)}/record.json"
        found: dict[str, Any] = json.loads(self._body(key)) if key in self.keys(LAKE, key) else {}
        return found

    def _table(self, dag: str, table: str) -> Gold:
        prefix = f"gold/{dag}/{table}/{PARTITION}"
        if not self.keys(LAKE, prefix):
            return Gold({}, measured(table, []))
        listed = self.s3.list_objects_v2(Bucket=LAKE, Prefix=prefix)["Contents"]
        return Gold({item["Key"]: item["ETag"] for item in listed}, measured(table, self._parquet(prefix)))

    def _parquet(self, prefix: str) -> list[dict[str, Any]]:
        keys = [key for key in self.keys(LAKE, prefix) if key.endswith(".parquet")]
        return [row for key in keys for row in pq.read_table(io.BytesIO(self._body(key))).to_pylist()]

    def _body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=LAKE, Key=key)["Body"].read()

    def _instances(self) -> list[str]:
        states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        found = self.ec2.describe_instances(Filters=states)["Reservations"]
        return [instance["InstanceId"] for reservation in found for instance in reservation["Instances"]]

    def _states(self) -> list[str]:
        """Without what the first night of all told before there was a lake: that is its ledger, and stays."""
        return [key for key in self.keys(STATE, "") if key not in KEPT and not key.startswith("runs/")]

    def _terraform(self) -> list[str]:
        """terraform processes of this rig that are still at work."""
        return [f"pid {process.pid}" for process in terraforms(self._rig.env["AWS_ENDPOINT_URL"])]


def terraforms(endpoint: str) -> list[psutil.Process]:
    """Running terraform commands against an endpoint, whoever started them."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "terraform":
            try:
                if process.environ().get("AWS_ENDPOINT_URL") == endpoint and process.status() != "zombie":
                    found.append(process)
            except psutil.Error:
                continue  # it ended while we looked
    return found


def _slug(run_id: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in run_id)
