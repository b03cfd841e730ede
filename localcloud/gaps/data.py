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
