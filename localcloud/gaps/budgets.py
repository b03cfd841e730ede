"""Patches for moto's Budgets."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse

_IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold")


def budgets_keep_their_tags() -> None:
    """ListTagsForResource returns CreateBudget's tags; TagResource and UntagResource change them."""
    create = BudgetsResponse.create_budget

    def create_budget(self: Any) -> str:
        answer: str = create(self)
        _budget(self, self._get_param("Budget")["BudgetName"]).tags = _pairs(self._get_param("ResourceTags", []))
        return answer

    def list_tags_for_resource(self: Any) -> str:
        tags = _named(self).tags
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self: Any) -> str:
        _named(self).tags.update(_pairs(self._get_param("ResourceTags")))
        return json.dumps({})

    def untag_resource(self: Any) -> str:
        for key in self._get_param("ResourceTagKeys"):
            _named(self).tags.pop(key, None)
        return json.dumps({})

    BudgetsResponse.create_budget = create_budget
    for action in (list_tags_for_resource, tag_resource, untag_resource):
        setattr(BudgetsResponse, action.__name__, action)


def _named(response: Any) -> Any:
    return _budget(response, response._get_param("ResourceARN").rsplit("/", 1)[1])


def _budget(response: Any, name: str) -> Any:
    return response.backend.budgets[response.current_account][name]


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def subscribers_of_a_notification_are_listed() -> None:
    """DescribeSubscribersForNotification returns the subscribers that the notification was created with."""

    def describe_subscribers_for_notification(self: Any) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        same = [n for n in budget.notifications if _is(n.details, wanted)]
        return json.dumps({"Subscribers": same[0].subscribers if same else []})

    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification


def _is(details: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(details.get(field) == wanted.get(field) for field in _IDENTITY)
