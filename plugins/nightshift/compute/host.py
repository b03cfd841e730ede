"""Ingestion host hook: the state of a run's EC2 host, its commands through Systems Manager, and its termination."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from nightshift.aws import clients
from nightshift.compute import ingest_spec

if TYPE_CHECKING:
    from nightshift.config import Settings
    from nightshift.run.run_context import RunContext

LOG = logging.getLogger(__name__)
DOCUMENT = "AWS-RunShellScript"
UNDER_WAY = ("Pending", "InProgress", "Delayed", "Cancelling")  # states of a command and of its invocation
THERE = ("pending", "running")
SEND_SECONDS = 600  # for the agent to pick up the command; then Systems Manager times it out


class HostHook:
    """One EC2 instance, by its id."""

    def __init__(self, settings: Settings, instance_id: str) -> None:
        self._ec2, self._ssm = clients.client(settings, "ec2"), clients.client(settings, "ssm")
        self._settings, self.id = settings, instance_id

    def state(self) -> str:
        """EC2's state name; "terminated" also if EC2 no longer lists the instance."""
        try:
            found = self._ec2.describe_instances(InstanceIds=[self.id])["Reservations"]
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
                raise
            found = []
        return next((str(i["State"]["Name"]) for r in found for i in r["Instances"]), "terminated")

    def is_online(self) -> bool:
        """Whether its agent has reported to Systems Manager."""
        filters: Any = [{"Key": "InstanceIds", "Values": [self.id]}]
        told = self._ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
        return any(entry["PingStatus"] == "Online" for entry in told)

    def adopt_or_send(self, night: RunContext, jobs_uri: str) -> str:
        """The id of the night's command: one that an earlier try sent and that still runs, else a new one."""
        sent = self._ssm.list_commands(InstanceId=self.id)["Commands"]
        if live := [command["CommandId"] for command in sent if command["Status"] in UNDER_WAY]:
            LOG.info("Command %s is under way already.", live[0])
            return live[0]
        seconds = self._settings.ingest_timeout_minutes * 60
        command = self._ssm.send_command(
            InstanceIds=[self.id],
            DocumentName=DOCUMENT,
            Comment=f"ingest {night.pipeline.name} {night.business_date}",
            Parameters={"commands": ingest_spec.script(night, jobs_uri), "executionTimeout": [str(seconds)]},
            TimeoutSeconds=SEND_SECONDS,
            OutputS3BucketName=self._settings.bucket("logs"),
            OutputS3KeyPrefix=ingest_spec.logs_prefix(night),
        )["Command"]
        return str(command["CommandId"])

    def answer(self, command_id: str) -> dict[str, Any] | None:
        """{"state", "code", "stdout", "stderr"} of a command that has ended, as much text as Systems Manager keeps;
        None while it runs or its invocation does not exist yet."""
        try:
            told = self._ssm.get_command_invocation(CommandId=command_id, InstanceId=self.id)
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "InvocationDoesNotExist":  # it appears shortly after the command
                raise
            return None
        if told["Status"] in UNDER_WAY:
            return None
        return {
            "state": told["Status"],
            "code": told["ResponseCode"],
            "stdout": told["StandardOutputContent"],
            "stderr": told["StandardErrorContent"],
        }

    def end(self) -> None:
        """Terminate the instance; one that is already gone is no error."""
        try:
            self._ec2.terminate_instances(InstanceIds=[self.id])
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
                raise
