"""The IAM permissions of each recorded call: the actions and resources that it needs.

Source: Service Authorization Reference, one page a service ("Actions, resources, and condition keys for …"), and each
API page's own "Permissions". An unknown call raises: it has to be looked up, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from localcloud.iam.needs.athena import athena
from localcloud.iam.needs.common import Call, Place, Unmapped
from localcloud.iam.needs.ec2 import ec2
from localcloud.iam.needs.emr import emr
from localcloud.iam.needs.kept import glue, secretsmanager
from localcloud.iam.needs.runs import emr_containers, emr_serverless
from localcloud.iam.needs.s3 import s3
from localcloud.iam.needs.small import cloudtrail, eks, iam, kms, logs, mwaa, sns, ssm, sts
from localcloud.iam.policies import Need

__all__ = ["Call", "Place", "Unmapped", "needs"]

SERVICES: dict[str, Callable[[Call, Place], Iterator[Need]]] = {
    **{
        table.__name__: table
        for table in (s3, athena, cloudtrail, emr, ec2, eks, glue, secretsmanager, iam, kms, logs, mwaa, sns, ssm, sts)
    },
    "emr-serverless": emr_serverless,
    "emr-containers": emr_containers,
}


def needs(call: Call, place: Place) -> list[Need]:
    """The permissions that a call needs. Raises Unmapped."""
    if call["service"] not in SERVICES:
        raise Unmapped(call)
    name = f"{call['service']}:{call['operation']}"
    return [replace(need, call=name) for need in SERVICES[call["service"]](call, place)]
