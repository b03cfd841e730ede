"""EMR steps that really run: a process for each, its S3 and HDFS on the local disk, its logs where EMR puts them.

    runner = StepRunner(Path("work"))
    outcome = runner.run(StepRequest(…))     # blocks until the step has ended and its output is in S3

runner       StepRunner: pull S3, run the process, push S3, ship the logs
commands/    what a jar and its arguments mean: spark-submit, s3-dist-cp, hadoop fs, aws s3, bash, …
mirror       one directory tree that follows moto's buckets, and back (keys, scan and store beside it)
process      the process of a step, and supervisor.py above it, which lets nothing outlive the server
"""

from localcloud.steps.archive import build_archive
from localcloud.steps.errors import CommandError, StepsError
from localcloud.steps.request import BootstrapRequest, RunRequest, StepOutcome, StepRequest
from localcloud.steps.runner import StepRunner
from localcloud.steps.settings import StepSettings

__all__ = [
    "BootstrapRequest",
    "CommandError",
    "RunRequest",
    "StepOutcome",
    "StepRequest",
    "StepRunner",
    "StepSettings",
    "StepsError",
    "build_archive",
]
