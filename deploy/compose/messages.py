"""Prints the notifications of runs: takes the messages out of the queue that is subscribed to the topic."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

QUEUE = os.environ["NIGHTSHIFT_QUEUE_ENDPOINTS"].rpartition(":")[2]
WAIT_SECONDS = 5


def main() -> None:
    """Show messages for as long as the container lives; a queue that is not there yet is waited for."""
    sqs: SQSClient = boto3.client("sqs")
    print(f"Waiting for messages in {QUEUE}")
    while True:
        try:
            show(sqs)
        except (ClientError, BotoCoreError):
            time.sleep(WAIT_SECONDS)


def show(sqs: SQSClient) -> None:
    """Print the messages that come within some seconds, and take them out of the queue."""
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=WAIT_SECONDS, MaxNumberOfMessages=10)
    for message in received.get("Messages", []):
        notification = json.loads(message["Body"])
        print(
            f"\n{notification['Timestamp']}  {notification.get('Subject', '(no subject)')}\n{notification['Message']}"
        )
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
