"""AWS Glue's jobs and their runs; its catalog is moto's."""

from localcloud.runs.glue import jobs, runs
from localcloud.runs.session import Action

ACTIONS: dict[str, Action] = {**jobs.ACTIONS, **runs.ACTIONS}
