"""SNS topic hook: publishes a message to the topic for run notifications."""

from __future__ import annotations

from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.failures.portuguese import lines_spoken

SUBJECT_LIMIT = 100  # characters of ASCII (SNS API reference, Publish)


def publish(settings: Settings, subject: str, body: str, topic_arn: str | None = None) -> None:
    """Publish to the topic, in the settings' language; without an ARN to the foundation's topic, found by its name.
    `subject`, of ASCII, is cut at SUBJECT_LIMIT. Raises botocore's errors."""
    arn, said = topic_arn or _arn(settings), [lines_spoken(text, settings.language) for text in (subject, body)]
    clients.client(settings, "sns").publish(TopicArn=arn, Subject=said[0][:SUBJECT_LIMIT], Message=said[1])


def _arn(settings: Settings) -> str:
    caller = clients.client(settings, "sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    return f"arn:{partition}:sns:{settings.region}:{caller['Account']}:{settings.name}-runs"
