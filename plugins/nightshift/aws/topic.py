"""SNS topic hook: publishes a message to the topic for run notifications."""

from __future__ import annotations

from nightshift.aws import clients
from nightshift.config import Settings


def publish(settings: Settings, subject: str, body: str, topic_arn: str | None = None) -> None:
    """Publish to the topic; without an ARN to the foundation's topic, found by its name. `subject`: at most 100 ASCII
    characters. Raises botocore's errors."""
    arn = topic_arn or _arn(settings)
    clients.client(settings, "sns").publish(TopicArn=arn, Subject=subject, Message=body)


def _arn(settings: Settings) -> str:
    caller = clients.client(settings, "sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    return f"arn:{partition}:sns:{settings.region}:{caller['Account']}:{settings.name}-runs"
