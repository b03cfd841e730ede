"""The registry of compute targets: a new one is a folder and a line here."""

from __future__ import annotations

from nightshift.compute.eks.target import EksTarget
from nightshift.compute.emr import packs, shared
from nightshift.compute.emr.target import EmrTarget
from nightshift.compute.glue.target import GlueTarget
from nightshift.compute.home import Home
from nightshift.compute.kubernetes.target import KubernetesTarget
from nightshift.compute.serverless.target import ServerlessTarget
from nightshift.compute.target import ComputeTarget
from nightshift.config import Settings
from nightshift.failures.errors import ParameterError
from nightshift.run.run_context import RunContext

TARGETS: dict[str, type[ComputeTarget]] = {
    target.name: target for target in (EmrTarget, ServerlessTarget, GlueTarget, EksTarget, KubernetesTarget)
}
join, home, members, intent = packs.join, packs.home, packs.members, packs.intent  # only clusters of EMR are shared


def named(settings: Settings, name: str) -> ComputeTarget:
    """The target of that name. Raises ParameterError if there is none."""
    if name not in TARGETS:
        raise ParameterError(f"There is no compute target {name!r}: expected {' or '.join(TARGETS)}.")
    return TARGETS[name](settings)


def of(run: RunContext) -> ComputeTarget:
    """The run's target: that of its pack if it shares one, else the one that it names."""
    return shared.of(run) or named(run.settings, run.compute)


__all__ = ["TARGETS", "Home", "home", "join", "members", "named", "of"]
