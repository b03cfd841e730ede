"""The errors that localcloud raises to its callers.

LocalCloudError
|- SettingsError        a setting is invalid
|- PortTakenError       another program listens on the server's port
|- StartError           the server did not become healthy
|- ServerError          the running server could not be reached, or refused
|- CredentialsError     a server's key cannot be read
|- RoleRefused          the role does not exist, or does not trust this service
`- FaultError           a fault is invalid
"""


class LocalCloudError(Exception):
    """Anything that localcloud could not do; the text says what was tried, what came back, what to do next."""


class SettingsError(LocalCloudError):
    """A setting has a value that cannot be used."""


class PortTakenError(LocalCloudError):
    """Another program already listens on the port."""


class StartError(LocalCloudError):
    """The server process started but did not answer in time."""


class ServerError(LocalCloudError):
    """The running server could not be reached, or refused what was asked."""


class CredentialsError(LocalCloudError):
    """The access key of a server cannot be read."""


class RoleRefused(LocalCloudError):
    """A session was requested for a role that does not exist, or that does not trust the service."""


class FaultError(LocalCloudError):
    """The description of a fault is invalid."""
