"""Patches for moto's RDS."""

from __future__ import annotations

import uuid
from typing import Any

from moto.rds.models import DBInstance, DBParameterGroup


def every_instance_has_its_own_resource_id() -> None:
    """DbiResourceId is unique in a region; moto gives all instances the same one, so the second is not found."""
    create = DBInstance.__init__

    def create_with_own_id(self: Any, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        self.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"

    DBInstance.__init__ = create_with_own_id


def changed_parameters_are_the_users() -> None:
    """A parameter that a caller set is read back with Source = user; without that Terraform sets it again."""

    def update_parameters(self: Any, changed: list[dict[str, Any]]) -> None:
        for parameter in changed:
            as_set = {"ApplyMethod": "immediate", **parameter, "Source": "user"}
            self.parameters[parameter["ParameterName"]].update(as_set)

    DBParameterGroup.update_parameters = update_parameters
