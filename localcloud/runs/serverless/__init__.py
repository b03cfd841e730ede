"""EMR Serverless: applications and their job runs."""

from localcloud.runs.serverless import applications, runs
from localcloud.runs.session import Action

ACTIONS: dict[str, Action] = {**applications.ACTIONS, **runs.ACTIONS}
