"""Patches for moto's Athena and Glue."""

from __future__ import annotations

import json
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.glue.models import FakeConnection
from moto.glue.responses import GlueResponse


def untagged_athena_resources_list_no_tags() -> None:
    """ListTagsForResource of a resource without tags returns an empty list, not an error."""

    def list_tags_for_resource(self: Any) -> str:
        tags = self.athena_backend.list_tags_for_resource(self._get_param("ResourceARN"))
        return json.dumps(tags or {"Tags": []})

    AthenaResponse.list_tags_for_resource = list_tags_for_resource


def athena_catalogs_and_queries_can_be_deleted() -> None:
    """Add DeleteDataCatalog and DeleteNamedQuery."""

    def delete_data_catalog(self: Any) -> str:
        self.athena_backend.data_catalogs.pop(self._get_param("Name"), None)
        return json.dumps({})

    def delete_named_query(self: Any) -> str:
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
        return json.dumps({})

    AthenaResponse.delete_data_catalog = delete_data_catalog
    AthenaResponse.delete_named_query = delete_named_query


def athena_workgroups_and_queries_can_be_changed() -> None:
    """Add UpdateWorkGroup (ConfigurationUpdates, Description, State) and UpdateNamedQuery; a workgroup that does not
    exist is InvalidRequestException."""
    get = AthenaResponse.get_work_group

    def get_work_group(self: Any) -> Any:
        name = self._get_param("WorkGroup")
        if name not in self.athena_backend.work_groups:
            return _invalid(f"WorkGroup {name} is not found.")
        return get(self)

    def update_work_group(self: Any) -> Any:
        group = self.athena_backend.work_groups.get(self._get_param("WorkGroup"))
        if group is None:
            return _invalid(f"WorkGroup {self._get_param('WorkGroup')} is not found.")
        group.description = self._get_param("Description", group.description)
        group.state = self._get_param("State", group.state)
        _update(group.configuration, self._get_param("ConfigurationUpdates", {}))
        return json.dumps({})

    def update_named_query(self: Any) -> str:
        query = self.athena_backend.named_queries[self._get_param("NamedQueryId")]
        query.name, query.query_string = self._get_param("Name"), self._get_param("QueryString")
        query.description = self._get_param("Description", query.description)
        return json.dumps({})

    AthenaResponse.get_work_group = get_work_group
    AthenaResponse.update_work_group = update_work_group
    AthenaResponse.update_named_query = update_named_query


def _update(configuration: dict[str, Any], updates: dict[str, Any]) -> None:
    """Apply ConfigurationUpdates: `Remove<Field>` removes a field, `ResultConfigurationUpdates` merges into it."""
    for field, value in updates.items():
        if field == "ResultConfigurationUpdates":
            _update(configuration.setdefault("ResultConfiguration", {}), value)
        elif not field.startswith("Remove"):
            configuration[field] = value
        elif value:
            configuration.pop(field.removeprefix("Remove"), None)


def _invalid(message: str) -> tuple[int, dict[str, Any], str]:
    body = {"__type": "InvalidRequestException", "Message": message}
    return 400, {"status": 400, "x-amzn-errortype": "InvalidRequestException"}, json.dumps(body)


def glue_connections_can_be_deleted_and_read_back() -> None:
    """Add DeleteConnection; a connection is read back with its ConnectionType (default JDBC)."""

    def delete_connection(self: Any) -> str:
        self.glue_backend.connections.pop(self._get_param("ConnectionName"), None)
        return json.dumps({})

    describe = FakeConnection.as_dict

    def as_dict(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        kind = self.connection_input.get("ConnectionType", "JDBC")
        return {**describe(self, *args, **kwargs), "ConnectionType": kind}

    GlueResponse.delete_connection = delete_connection
    FakeConnection.as_dict = as_dict
