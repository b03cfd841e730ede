"""The EMR API: every action that localcloud implements, by its API name."""

from __future__ import annotations

from localcloud.emr.api import clusters, flags, instances, policies, releases, security, steps, tags
from localcloud.emr.api.session import Action

ACTIONS: dict[str, Action] = {
    **clusters.ACTIONS,
    **flags.ACTIONS,
    **steps.ACTIONS,
    **instances.ACTIONS,
    **policies.ACTIONS,
    **tags.ACTIONS,
    **security.ACTIONS,
    **releases.ACTIONS,
}
