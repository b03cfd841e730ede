"""The errors that localcloud raises to whoever starts or asks it.

LocalCloudError
|- SettingsError        a setting that cannot be used
|- PortTakenError       another program listens where the server should
|- StartError           the server did not become healthy
|- ServerError          the running server could not be asked, or refused
|- CredentialsError     the key of a server is not where it should be
|- RoleRefused          a role that nobody may have, or not this service
`- FaultError           a fault that makes no sense
"""


class LocalCloudError(Exception):
    """Anything that localcloud could not do; its text says what was tried, what came back, what to do."""


class SettingsError(LocalCloudError):
    """A setting has a value that cannot be used."""


class PortTakenError(LocalCloudError):
    """Another program already listens on the port."""


class StartError(LocalCloudError):
    """The server process started but did not answer in time."""


class ServerError(LocalCloudError):
    """The running server could not be reached, or refused what was asked."""


class CredentialsError(LocalCloudError):
    """The access key of a server cannot be had."""


class RoleRefused(LocalCloudError):
    """A session of a role was asked for that there is not, or whose trust does not name the service."""


class FaultError(LocalCloudError):
    """A fault was described in a way that cannot be applied."""
