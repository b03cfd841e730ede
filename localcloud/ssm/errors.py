"""The errors that Run Command answers with, by the names of its API reference.

SsmError
|- InvalidInstanceId        a host that is not there, not running, or whose agent is not online
|- InvalidDocument          a document that is not AWS-RunShellScript
|- InvalidParameters        a parameter that the document does not take, or lacks
|- InvalidCommandId         a command that was never sent
|- InvocationDoesNotExist   a command that was not sent to this host
|- InvalidPluginName        a step that the document does not have
|- InvalidFilterKey         a filter that the call does not know
|- DuplicateInstanceId      one host twice
|- InvalidNextToken         a token that no page gave
`- ValidationException      parameters of the wrong shape
"""


class SsmError(Exception):
    """An error answered to the caller: HTTP 400, the class's name as its code, and a message."""


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
