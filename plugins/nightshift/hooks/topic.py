"""The SNS topic that everybody who wants to know of the nights listens to."""

from __future__ import annotations

from nightshift.config import Settings
from nightshift.hooks import aws


def publish(settings: Settings, subject: str, body: str, topic_arn: str | None = None) -> None:
    """Tell the topic; without its ARN the one that the foundation makes, found by its name. `subject`: at most 100
    ASCII characters. Raises botocore's errors."""
    arn = topic_arn or _arn(settings)
    aws.client(settings, "sns").publish(TopicArn=arn, Subject=subject, Message=body)


def _arn(settings: Settings) -> str:
    caller = aws.client(settings, "sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    return f"arn:{partition}:sns:{settings.region}:{caller['Account']}:{settings.name}-runs"
