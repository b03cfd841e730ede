"""EMR on EKS: virtual clusters and their job runs."""

from localcloud.runs.containers import clusters, runs
from localcloud.runs.session import Action

ACTIONS: dict[str, Action] = {**clusters.ACTIONS, **runs.ACTIONS}
