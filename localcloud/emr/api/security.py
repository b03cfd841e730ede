"""Actions on security configurations and on the account's block of public access."""

from __future__ import annotations

from localcloud.emr.api.session import Action, Session, page
from localcloud.emr.errors import InvalidRequest
from localcloud.emr.model import Json


def create_security_configuration(session: Session, params: Json) -> Json:
    name, known = params["Name"], session.region.security_configurations
    if name in known:
        raise InvalidRequest(f"SecurityConfiguration with name '{name}' already exists.")
    known[name] = (params["SecurityConfiguration"], session.now)
    return {"Name": name, "CreationDateTime": session.now}


def describe_security_configuration(session: Session, params: Json) -> Json:
    name = params["Name"]
    text, created = _known(session, name)
    return {"Name": name, "SecurityConfiguration": text, "CreationDateTime": created}


def list_security_configurations(session: Session, params: Json) -> Json:
    known = sorted(session.region.security_configurations.items())
    items, marker = page(known, params.get("Marker"))
    listed = [{"Name": name, "CreationDateTime": created} for name, (_, created) in items]
    return {"SecurityConfigurations": listed, "Marker": marker}


def delete_security_configuration(session: Session, params: Json) -> Json:
    _known(session, params["Name"])
    del session.region.security_configurations[params["Name"]]
    return {}


def get_block_public_access_configuration(session: Session, _params: Json) -> Json:
    by = session.region.block_public_access_by or {
        "CreationDateTime": session.now,
        "CreatedByArn": f"arn:aws:iam::{session.region.account}:root",
    }
    return {
        "BlockPublicAccessConfiguration": session.region.block_public_access,
        "BlockPublicAccessConfigurationMetadata": by,
    }


def put_block_public_access_configuration(session: Session, params: Json) -> Json:
    session.region.block_public_access = params["BlockPublicAccessConfiguration"]
    session.region.block_public_access_by = {
        "CreationDateTime": session.now,
        "CreatedByArn": session.principal,
    }
    return {}


def _known(session: Session, name: str) -> tuple[str, object]:
    found = session.region.security_configurations.get(name)
    if found is None:
        raise InvalidRequest(f"Security configuration with name '{name}' does not exist.")
    return found


ACTIONS: dict[str, Action] = {
    "CreateSecurityConfiguration": create_security_configuration,
    "DescribeSecurityConfiguration": describe_security_configuration,
    "ListSecurityConfigurations": list_security_configurations,
    "DeleteSecurityConfiguration": delete_security_configuration,
    "GetBlockPublicAccessConfiguration": get_block_public_access_configuration,
    "PutBlockPublicAccessConfiguration": put_block_public_access_configuration,
}
