"""Clusters, steps, nodes and pools in the response format of EMR's API."""

from __future__ import annotations

import math
from datetime import datetime

from localcloud.emr import nodes
from localcloud.emr.model import Cluster, Json, Node, Pool, Reason, Step

# Normalized instance hours for each hour, by instance size (EMR management guide; m1.small counts 1).
_NORMALIZED = {
    "small": 1,
    "medium": 2,
    "large": 4,
    "xlarge": 8,
    "2xlarge": 16,
    "3xlarge": 24,
    "4xlarge": 32,
    "8xlarge": 64,
    "9xlarge": 72,
    "12xlarge": 96,
    "16xlarge": 128,
    "18xlarge": 144,
    "24xlarge": 192,
}
# Members of RunJobFlow that DescribeCluster returns unchanged.
_ECHOED = (
    "LogUri",
    "LogEncryptionKmsKeyId",
    "ReleaseLabel",
    "ServiceRole",
    "Configurations",
    "SecurityConfiguration",
    "AutoScalingRole",
    "ScaleDownBehavior",
    "CustomAmiId",
    "EbsRootVolumeSize",
    "EbsRootVolumeIops",
    "EbsRootVolumeThroughput",
    "RepoUpgradeOnBoot",
    "KerberosAttributes",
    "OSReleaseLabel",
    "MonitoringConfiguration",
)


def cluster(item: Cluster, now: datetime) -> Json:
    """A cluster in DescribeCluster's format."""
    master = next((node for node in item.nodes if node.role == "MASTER"), None)
    return {
        # Members that are None are left out of the answer.
        **{name: item.spec.get(name) for name in _ECHOED},
        **cluster_summary(item, now),
        "Ec2InstanceAttributes": _ec2_attributes(item),
        "InstanceCollectionType": "INSTANCE_FLEET" if item.uses_fleets else "INSTANCE_GROUP",
        "AutoTerminate": not item.keep_alive,
        "TerminationProtected": item.protected,
        "UnhealthyNodeReplacement": bool(item.instances.get("UnhealthyNodeReplacement", False)),
        "VisibleToAllUsers": item.spec.get("VisibleToAllUsers", True),
        "Applications": _applications(item),
        "Tags": [{"Key": key, "Value": value} for key, value in item.tags.items()],
        # EMR reports the master's name once it can be reached.
        "MasterPublicDnsName": master.private_dns if master and item.ready_at else None,
        "ScaleDownBehavior": item.spec.get("ScaleDownBehavior", "TERMINATE_AT_TASK_COMPLETION"),
        "StepConcurrencyLevel": item.step_concurrency,
        "PlacementGroups": item.spec.get("PlacementGroupConfigs") or [],
        "Configurations": item.spec.get("Configurations") or [],
    }


def cluster_summary(item: Cluster, now: datetime) -> Json:
    """A cluster in ListClusters' format."""
    return {
        "Id": item.id,
        "Name": item.name,
        "ClusterArn": item.arn,
        "NormalizedInstanceHours": _normalized_hours(item, now),
        "Status": {
            "State": item.state,
            "StateChangeReason": _reason(item.reason),
            "Timeline": {
                "CreationDateTime": item.created_at,
                "ReadyDateTime": item.ready_at,
                "EndDateTime": item.ended_at,
            },
            "ErrorDetails": _error_details(item.reason),
        },
    }


def step(item: Step) -> Json:
    """A step in the format of DescribeStep and ListSteps."""
    program = item.spec["HadoopJarStep"]
    properties = {pair["Key"]: pair.get("Value", "") for pair in program.get("Properties") or []}
    failure = item.failure
    return {
        "Id": item.id,
        "Name": item.name,
        "Config": {
            "Jar": program["Jar"],
            "Properties": properties,
            "MainClass": program.get("MainClass"),
            "Args": program.get("Args") or [],
        },
        "ActionOnFailure": item.action_on_failure,
        "Status": {
            "State": item.state,
            "StateChangeReason": {"Message": item.message} if item.message else {},
            "FailureDetails": failure
            and {"Reason": failure.reason, "Message": failure.message, "LogFile": failure.log_file},
            "Timeline": {
                "CreationDateTime": item.created_at,
                "StartDateTime": item.started_at,
                "EndDateTime": item.ended_at,
            },
        },
    }


def node(item: Node, owner: Cluster) -> Json:
    """A node in ListInstances' format."""
    return {
        "Id": item.id,
        "Ec2InstanceId": item.ec2_id,
        "PublicDnsName": "",
        "PrivateDnsName": item.private_dns,
        "PrivateIpAddress": item.private_ip,
        "Status": {
            "State": item.state,
            "StateChangeReason": _reason(item.reason),
            "Timeline": {
                "CreationDateTime": item.created_at,
                "ReadyDateTime": item.ready_at,
                "EndDateTime": item.ended_at,
            },
        },
        ("InstanceFleetId" if owner.uses_fleets else "InstanceGroupId"): item.pool_id,
        "Market": item.market,
        "InstanceType": item.instance_type,
        "EbsVolumes": [],
    }


def group(item: Pool, owner: Cluster) -> Json:
    """An instance group in ListInstanceGroups' format."""
    spec = item.spec
    return {
        "Id": item.id,
        "Name": spec.get("Name", ""),
        "Market": spec.get("Market", "ON_DEMAND"),
        "InstanceGroupType": item.role,
        "BidPrice": spec.get("BidPrice"),
        "InstanceType": spec["InstanceType"],
        "RequestedInstanceCount": int(spec["InstanceCount"]),
        "RunningInstanceCount": len(_running(item, owner)),
        "Status": _pool_status(item, owner),
        "Configurations": spec.get("Configurations") or [],
        "EbsBlockDevices": _block_devices(spec),
        "EbsOptimized": (spec.get("EbsConfiguration") or {}).get("EbsOptimized"),
        "ShrinkPolicy": spec.get("ShrinkPolicy") or {},
        "AutoScalingPolicy": spec.get("AutoScalingPolicy"),
        "CustomAmiId": spec.get("CustomAmiId"),
    }


def fleet(item: Pool, owner: Cluster) -> Json:
    """An instance fleet in ListInstanceFleets' format."""
    spec = item.spec
    return {
        "Id": item.id,
        "Name": spec.get("Name", ""),
        "Status": _pool_status(item, owner),
        "InstanceFleetType": item.role,
        "TargetOnDemandCapacity": int(spec.get("TargetOnDemandCapacity") or 0),
        "TargetSpotCapacity": int(spec.get("TargetSpotCapacity") or 0),
        "ProvisionedOnDemandCapacity": _provisioned(item, owner, "ON_DEMAND"),
        "ProvisionedSpotCapacity": _provisioned(item, owner, "SPOT"),
        "InstanceTypeSpecifications": [_type(config) for config in spec.get("InstanceTypeConfigs") or []],
        "LaunchSpecifications": spec.get("LaunchSpecifications"),
        "ResizeSpecifications": spec.get("ResizeSpecifications"),
    }


def _type(config: Json) -> Json:
    # Without a bid price EMR bids the On-Demand price, and reports that.
    bid = {} if config.get("BidPrice") else {"BidPriceAsPercentageOfOnDemandPrice": 100.0}
    echoed = {name: value for name, value in config.items() if name != "EbsConfiguration"}
    return {
        **bid,
        **echoed,
        "WeightedCapacity": int(config.get("WeightedCapacity") or 1),
        "EbsBlockDevices": _block_devices(config),
    }


def _block_devices(spec: Json) -> list[Json]:
    """Volumes in EMR's numbering: one entry a volume, devices from /dev/sdb on."""
    configured = (spec.get("EbsConfiguration") or {}).get("EbsBlockDeviceConfigs") or []
    volumes = [c["VolumeSpecification"] for c in configured for _ in range(int(c.get("VolumesPerInstance") or 1))]
    return [
        {"VolumeSpecification": volume, "Device": f"/dev/sd{chr(ord('b') + index)}"}
        for index, volume in enumerate(volumes)
    ]


def _running(pool: Pool, owner: Cluster) -> list[Node]:
    return [n for n in owner.live_nodes() if n.pool_id == pool.id and n.state == "RUNNING"]


def _provisioned(pool: Pool, owner: Cluster, market: str) -> int:
    weights = {
        c["InstanceType"]: int(c.get("WeightedCapacity") or 1) for c in pool.spec.get("InstanceTypeConfigs") or []
    }
    alive = [n for n in owner.live_nodes() if n.pool_id == pool.id and n.market == market]
    return sum(weights.get(n.instance_type, 1) for n in alive)


def _pool_status(pool: Pool, owner: Cluster) -> Json:
    ready = owner.ready_at if pool.created_at <= (owner.ready_at or pool.created_at) else pool.created_at
    return {
        "State": pool.state,
        "StateChangeReason": {"Message": ""},
        "Timeline": {
            "CreationDateTime": pool.created_at,
            "ReadyDateTime": ready if pool.state != "PROVISIONING" else None,
            "EndDateTime": owner.ended_at,
        },
    }


def _reason(reason: Reason) -> Json:
    return {"Code": reason.code or None, "Message": reason.message or None}


def _error_details(reason: Reason) -> list[Json] | None:
    if not reason.detail_code:
        return None
    return [{"ErrorCode": reason.detail_code, "ErrorData": [], "ErrorMessage": reason.message}]


def _ec2_attributes(item: Cluster) -> Json:
    asked = item.instances
    return {
        "Ec2KeyName": asked.get("Ec2KeyName"),
        "Ec2SubnetId": nodes.subnet_of(item),
        "RequestedEc2SubnetIds": asked.get("Ec2SubnetIds") or [],
        "Ec2AvailabilityZone": nodes.availability_zone(item),
        "RequestedEc2AvailabilityZones": [],
        "IamInstanceProfile": item.spec.get("JobFlowRole"),
        "EmrManagedMasterSecurityGroup": asked.get("EmrManagedMasterSecurityGroup"),
        "EmrManagedSlaveSecurityGroup": asked.get("EmrManagedSlaveSecurityGroup"),
        "ServiceAccessSecurityGroup": asked.get("ServiceAccessSecurityGroup"),
        "AdditionalMasterSecurityGroups": _named(asked.get("AdditionalMasterSecurityGroups")),
        "AdditionalSlaveSecurityGroups": _named(asked.get("AdditionalSlaveSecurityGroups")),
    }


def _named(groups: list[str] | None) -> list[str]:
    return [group for group in groups or [] if group]


def _applications(item: Cluster) -> list[Json]:
    return [
        {"Name": application["Name"], "Args": application.get("Args"), "Version": application.get("Version")}
        for application in item.spec.get("Applications") or []
    ]


def _normalized_hours(item: Cluster, now: datetime) -> int:
    """Each started hour of each node, weighted by its size; 0 until the cluster is ready."""
    total = 0
    for member in item.nodes:
        if member.ready_at is None:
            continue
        seconds = ((member.ended_at or now) - member.ready_at).total_seconds()
        size = member.instance_type.rpartition(".")[2]
        total += max(1, math.ceil(seconds / 3600)) * _NORMALIZED.get(size, 8)
    return total
