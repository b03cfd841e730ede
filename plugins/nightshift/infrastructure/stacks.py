"""Terraform variables of the foundation and transient stacks, from settings, run and foundation outputs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nightshift.compute import ingest_spec
from nightshift.config import Settings
from nightshift.contracts.pipeline import Pipeline
from nightshift.pipelines import PIPELINES
from nightshift.run.run_context import RunContext

FOUNDATION_STATE = "foundation.tfstate"
REQUIRED_OUTPUTS = {"vpc_id", "kms_key_arn"}  # foundation outputs that the transient stack requires


def foundation(settings: Settings) -> dict[str, Any]:
    """The foundation stack's variables. Which pipeline may open what, an environment says in its .tfvars: one that is
    found, and that its owner has not granted anything, must not hold up the others."""
    return {
        **_shared(settings),
        "email_endpoints": list(settings.email_endpoints),
        "queue_endpoints": list(settings.queue_endpoints),
        **({} if settings.environment else {"sources": sources(PIPELINES.values())}),
    }


def sources(pipelines: Iterable[Pipeline]) -> dict[str, dict[str, list[str]]]:
    """Which secrets each pipeline's clusters and ingestion hosts may open: those of the tree as the stack's default has
    them, and those of pipelines that live elsewhere."""
    known = list(pipelines)
    return {
        "clusters": {p.name: [p.database] for p in known if p.database},
        "hosts": {p.name: sorted({route.source for route in p.routes}) for p in known if p.routes},
    }


def transient(night: RunContext, foundation_outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The transient stack's variables for a run, without its SSH key."""
    return {
        **_shared(night.settings),
        "owner": night.settings.owner,
        "run": night.run,
        "pipeline": night.pipeline.name,
        "business_date": str(night.business_date),
        "expires": night.tags["nightshift:expires"],
        "vpc_id": foundation_outputs["vpc_id"],
        "kms_key_arn": foundation_outputs["kms_key_arn"],
        "certificates": night.uri("lake", night.certificates_key),
        "ssh_cidr": night.ssh_cidr,
        "ingest_host": ingest_spec.host(night, foundation_outputs),
    }


def _shared(settings: Settings) -> dict[str, Any]:
    return {"name": settings.name, "region": settings.region}
