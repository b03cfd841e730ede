"""The errors of running a step; StepRunner.run turns each into an exit code and a line of stderr.

StepsError (a LocalCloudError)
|- CommandError   the step asks for something that cannot be started: unknown command, missing script, no Java
`- ArchiveError   the archive of loaded classes could not be built
"""

from localcloud.errors import LocalCloudError


class StepsError(LocalCloudError):
    """Anything that went wrong around a step; the text says what was tried, what came back, what to do next."""


class CommandError(StepsError):
    """A step that cannot be started. exit_code is the step's exit status (127: no such command)."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ArchiveError(StepsError):
    """Java could not write its archive of loaded classes."""
