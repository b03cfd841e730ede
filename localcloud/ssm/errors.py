"""The errors of Run Command, by the names of its API reference.

SsmError
|- InvalidInstanceId        the host does not exist, is not running, or its agent is not online
|- InvalidDocument          the document is not AWS-RunShellScript
|- InvalidParameters        a parameter that the document does not have, or a missing one
|- InvalidCommandId         no such command was sent
|- InvocationDoesNotExist   the command was not sent to this host
|- InvalidPluginName        a step that the document does not have
|- InvalidFilterKey         an unknown filter
|- DuplicateInstanceId      the same host twice
|- InvalidNextToken         a token that comes from no earlier page
`- ValidationException      parameters of the wrong shape
"""


class SsmError(Exception):
    """An error returned to the caller: HTTP 400, the class's name as its code, and a message."""


class InvalidInstanceId(SsmError): ...


class InvalidDocument(SsmError): ...


class InvalidParameters(SsmError): ...


class InvalidCommandId(SsmError): ...


class InvocationDoesNotExist(SsmError): ...


class InvalidPluginName(SsmError): ...


class InvalidFilterKey(SsmError): ...


class DuplicateInstanceId(SsmError): ...


class InvalidNextToken(SsmError): ...


class ValidationException(SsmError): ...
