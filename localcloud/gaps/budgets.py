"""Gaps in moto's Budgets."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse

_IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold")


def budgets_list_no_tags() -> None:
    """ListTagsForResource exists; moto keeps no tags of a budget, so the list is empty."""

    def list_tags_for_resource(_self: Any) -> str:
        return json.dumps({"ResourceTags": []})

    BudgetsResponse.list_tags_for_resource = list_tags_for_resource


def subscribers_of_a_notification_are_listed() -> None:
    """DescribeSubscribersForNotification answers those the notification was created with."""

    def describe_subscribers_for_notification(self: Any) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        same = [n for n in budget.notifications if _is(n.details, wanted)]
        return json.dumps({"Subscribers": same[0].subscribers if same else []})

    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification


def _is(details: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(details.get(field) == wanted.get(field) for field in _IDENTITY)
