"""Patches for moto's EC2 instances: launch parameters as terraform's aws_instance reads them back."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.monitoring import Monitoring

_GP3_BASELINE = 125  # MiB/s (EBS user guide, General Purpose SSD volumes)


def instances_can_be_monitored() -> None:
    """MonitorInstances and UnmonitorInstances switch detailed monitoring on and off; DescribeInstances returns the
    state."""

    def switched(self: Any, state: str) -> Any:
        changed = self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", []))
        for instance in changed:
            instance.monitoring_state = state
        answers = [{"InstanceId": instance.id, "Monitoring": instance.monitoring} for instance in changed]
        return ActionResult({"InstanceMonitorings": answers})

    Monitoring.monitor_instances = lambda self: switched(self, "enabled")
    Monitoring.unmonitor_instances = lambda self: switched(self, "disabled")


def an_instance_is_in_the_groups_of_its_network_interface() -> None:
    """DescribeInstances returns the groups of the primary interface, including those that the launch set only there.

    A launch with a public address must set them there, and without them Terraform sees a permanent diff.
    """
    launch = Instance.__init__

    def launch_in_groups(self: Any, *args: Any, **kwargs: Any) -> None:
        launch(self, *args, **kwargs)
        self.security_groups = self.security_groups or list(self.nics[0].group_set)

    Instance.__init__ = launch_in_groups


def the_interface_of_a_launch_ends_with_its_instance() -> None:
    """An interface created by RunInstances is deleted on termination; an existing one is kept, unless specified
    otherwise."""
    prepare = Instance.prep_nics

    def prepare_interfaces(self: Any, nic_spec: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
        given = {nic.get("NetworkInterfaceId") for nic in nic_spec}
        kept = {int(nic["DeviceIndex"]) for nic in nic_spec if nic.get("DeleteOnTermination") is False}
        prepare(self, nic_spec, *args, **kwargs)
        for index, interface in self.nics.items():
            interface.delete_on_termination |= interface.id not in given and index not in kept

    Instance.prep_nics = prepare_interfaces


def terminating_twice_changes_nothing() -> None:
    """TerminateInstances is idempotent (EC2 API reference): for a terminated instance it returns its state again."""
    end = Instance.terminate

    def terminate(self: Any) -> Any:
        return copy.copy(self.instance_state) if self.state == "terminated" else end(self)

    Instance.terminate = terminate


def changing_the_shutdown_behaviour_changes_no_groups() -> None:
    """ModifyInstanceAttribute sets instanceInitiatedShutdownBehavior; moto takes the call to remove all groups."""
    modify = InstanceResponse.modify_instance_attribute

    def modify_instance_attribute(self: Any) -> Any:
        behaviour = self._get_param("InstanceInitiatedShutdownBehavior.Value")
        if behaviour is None:
            return modify(self)
        change = (self._get_param("InstanceId"), "instance_initiated_shutdown_behavior", behaviour)
        self.ec2_backend.modify_instance_attribute(*change)
        return EmptyResult()

    InstanceResponse.modify_instance_attribute = modify_instance_attribute


def gp3_volumes_tell_their_throughput() -> None:
    """A gp3 volume without a requested throughput returns the baseline."""
    create = Volume.__init__

    def create_with_throughput(self: Any, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        if self.volume_type == "gp3":
            self.throughput = self.throughput or _GP3_BASELINE

    Volume.__init__ = create_with_throughput


def volumes_of_a_launch_have_the_speed_that_was_asked_for() -> None:
    """Volumes keep the Iops and Throughput of RunInstances' block devices; moto gives all of them the baseline."""
    parse, launch = InstanceResponse._parse_block_device_mapping, InstanceBackend.run_instances

    def parse_with_throughput(self: Any) -> list[dict[str, Any]]:
        parsed: list[dict[str, Any]] = parse(self)
        for device, sent in zip(parsed, self._get_param("BlockDeviceMappings", []), strict=True):
            device["Ebs"]["Throughput"] = sent.get("Ebs", {}).get("Throughput")
        return parsed

    def run_instances(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = {device["DeviceName"]: device["Ebs"] for device in kwargs.get("block_device_mappings") or ()}
        reservation = launch(self, *args, **kwargs)
        for instance in reservation.instances:
            for name, attached in instance.get_block_device_mapping:
                _speed_up(self.volumes[attached.volume_id], asked.get(name, {}))
        return reservation

    InstanceResponse._parse_block_device_mapping = parse_with_throughput
    InstanceBackend.run_instances = run_instances


def _speed_up(volume: Any, asked: dict[str, Any]) -> None:
    volume.iops = asked.get("Iops") or volume.iops
    volume.throughput = asked.get("Throughput") or volume.throughput
