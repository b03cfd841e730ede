"""What SNS told: a queue that is subscribed to the foundation's topic, as NIGHTSHIFT_QUEUE_ENDPOINTS asks."""

import json
from typing import Any

NAME = "chaos"
ARN = f"arn:aws:sqs:us-east-1:123456789012:{NAME}"


class Post:
    """The messages of a rig, kept as they come in."""

    def __init__(self, sqs: Any) -> None:
        self._sqs, self._kept = sqs, list[dict[str, str]]()
        self._url = sqs.create_queue(QueueName=NAME)["QueueUrl"]

    def about(self, run_id: str) -> list[dict[str, str]]:
        """The messages that name a run, oldest first: {"subject", "message"}."""
        self._fetch()
        return [letter for letter in self._kept if run_id in letter["message"]]

    def _fetch(self) -> None:
        while found := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                body = json.loads(message["Body"])
                self._kept.append({"subject": body.get("Subject", ""), "message": body["Message"]})
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
