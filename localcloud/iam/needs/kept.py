"""Permissions of AWS Glue and AWS Secrets Manager calls."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.needs.common import Call, Place, Unmapped, tags, with_key
from localcloud.iam.needs.runs import glue_jobs
from localcloud.iam.policies import Need

# operation: whether it needs the table too. Each also needs the catalog and the database.
GLUE = {
    **dict.fromkeys(("GetDatabase", "UpdateDatabase"), False),
    **dict.fromkeys(
        ("GetTable", "CreateTable", "UpdateTable", "DeleteTable", "CreatePartition", "UpdatePartition"), True
    ),
}


def glue(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    asked = f"glue:{operation}"
    if operation in ("GetTags", "TagResource", "UntagResource"):
        arn = params["ResourceArn"]
        owned = tags("ResourceTag", call["resource_tags"].get(arn, {}))
        yield Need(asked, arn, {**owned, **tags("RequestTag", call["request_tags"])})
        return
    if operation not in GLUE:
        yield from glue_jobs(call, place)
        return
    database = params.get("DatabaseName") or params["Name"]
    yield Need(asked, place.arn("glue", "catalog"))
    yield Need(asked, place.arn("glue", f"database/{database}"))
    if GLUE[operation]:
        table = params.get("TableName") or params.get("TableInput", params)["Name"]
        yield Need(asked, place.arn("glue", f"table/{database}/{table}"))


# operation: the permission on the key that encrypts the secret ("Secret encryption and decryption").
SECRETS: dict[str, tuple[str, ...]] = {
    "CreateSecret": ("GenerateDataKey", "Decrypt"),
    "PutSecretValue": ("GenerateDataKey", "Decrypt"),
    "GetSecretValue": ("Decrypt",),
    "DescribeSecret": (),
    "GetResourcePolicy": (),
    "DeleteSecret": (),
    "UpdateSecretVersionStage": (),
}


def secretsmanager(call: Call, place: Place) -> Iterator[Need]:
    operation, params = call["operation"], call["params"]
    if operation == "ListSecrets":
        yield Need("secretsmanager:ListSecrets")
        return
    if operation not in SECRETS:
        raise Unmapped(call)
    named = params.get("SecretId") or params["Name"]
    secret = place.secret_arn(named)
    yield Need(f"secretsmanager:{operation}", secret)
    if call["request_tags"]:
        yield Need("secretsmanager:TagResource", secret)
    key = params.get("KmsKeyId") or place.secret_key(named)
    yield from with_key(place, key, "secretsmanager", *SECRETS[operation])
