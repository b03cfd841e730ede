"""Patches for moto's SQS."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue


def redrive_policy_comes_back_compact() -> None:
    """GetQueueAttributes returns RedrivePolicy without blanks; with them Terraform sees a permanent diff."""
    read = Queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        values: dict[str, Any] = read(self)
        if policy := values.get("RedrivePolicy"):
            values["RedrivePolicy"] = json.dumps(json.loads(policy), separators=(",", ":"))
        return values

    Queue.attributes = property(attributes)
