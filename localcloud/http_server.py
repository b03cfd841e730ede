"""The HTTP server: werkzeug's, with HTTP/1.1 keep-alive, on one address.

Werkzeug closes every connection and lingers 10 ms on each to drain it; terraform and boto3 send hundreds of
small requests, so here a connection stays open and the body of a request is bounded instead of drained.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import socket
import threading
from typing import IO, TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from localcloud.errors import PortTakenError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


class DropConnection(BaseException):
    """Raised by an application that wants the connection closed without an answer."""


class _Body(io.RawIOBase):
    """The body of one request: reads end at its Content-Length, so the next request stays unread."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        want = min(len(buffer), self._left)
        data = self._stream.read(want) if want else b""
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def drain(self) -> None:
        """Read the rest of the body that the application left, so that the connection can carry another request."""
        while self._left and (data := self._stream.read(min(self._left, 1 << 20))):
            self._left -= len(data)


class _Handler(MotoRequestHandler):  # type: ignore[misc]  # moto has no types
    protocol_version = "HTTP/1.1"
    # Otherwise Nagle's algorithm holds the body back until the head is acknowledged, 40 ms later.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    # Longer than any pause between two calls of terraform, so that it never meets a closed connection.
    timeout = 900

    def run_wsgi(self) -> None:
        """Answer one request; the connection stays open unless either side said otherwise."""
        self.environ = environ = self.make_environ()
        body = self._bound_body(environ)
        try:
            self._answer(environ)
            # An answer sent before the body was read (a fault, a 404) leaves the body on the connection.
            body.drain()
            self.wfile.flush()
        except DropConnection:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def handle_expect_100(self) -> bool:
        """Tell a waiting client to send its body; unless flushed, boto3 waits a second."""
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return bool(accepted)

    def _bound_body(self, environ: WSGIEnvironment) -> _Body:
        chunked = environ.get("wsgi.input_terminated", False)
        length = environ.get("CONTENT_LENGTH", "")
        body = _Body(self.rfile, int(length) if length.isdigit() and not chunked else 0)
        if chunked:
            # The dechunker does not know how much it left unread, so this connection is not reused.
            self.close_connection = True
        else:
            environ["wsgi.input"] = io.BufferedReader(body, 1 << 16)
        return body

    def _answer(self, environ: WSGIEnvironment) -> None:
        response = _Response(self)
        chunks = self.server.app(environ, response.start)
        live = getattr(chunks, "live", False)  # a stream whose reader waits for each part
        try:
            for chunk in chunks:
                response.write(chunk)
                if live:
                    self.wfile.flush()
            response.finish()
        finally:
            # WSGI: the server calls the iterable's close, if there is one.
            if close := getattr(chunks, "close", None):
                close()

    def handle(self) -> None:
        """Serve the requests of one connection; a client that went away is not an error."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        if isinstance(code, int) and code >= 500:
            log.warning("%s %s answered %s", self.command, self.path, code)


class _Response:
    """Writes one WSGI response: chunked when its length is unknown, without a body where HTTP has none."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self._status, self._headers = "", list[tuple[str, str]]()
        self._sent = self._chunked = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG002
        self._status, self._headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        if not self._sent:
            self._send_head()
        if not data or self._bodyless:
            return
        frame = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        self._handler.wfile.write(frame)

    def finish(self) -> None:
        self.write(b"")
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")

    @property
    def _bodyless(self) -> bool:
        return self._handler.command == "HEAD" or self._status[:3] in ("204", "304")

    def _send_head(self) -> None:
        self._sent = True
        code, _, phrase = self._status.partition(" ")
        self._handler.send_response(int(code), phrase)
        for name, value in self._headers:
            self._handler.send_header(name, value)
        known = any(name.lower() == "content-length" for name, _ in self._headers)
        self._chunked = not known and not self._bodyless
        if self._chunked:
            self._handler.send_header("Transfer-Encoding", "chunked")
        if self._handler.close_connection:
            self._handler.send_header("Connection", "close")
        self._handler.end_headers()


class HttpServer(ThreadedWSGIServer):
    """Serves one WSGI application on one address in threads; raises PortTakenError if it cannot listen."""

    request_queue_size = 256

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        # werkzeug ends the process when the port is taken; our own socket allows our own error.
        listener = _listen(host, port, self.request_queue_size)
        try:
            super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())
        finally:
            listener.close()

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.discard(request)

    def close(self) -> None:
        """Stop listening and cut the connections that clients keep open."""
        self.shutdown()
        self.server_close()
        # A thread that waits for the next request on a kept connection would still answer it.
        with self._open_lock:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Allow a port in TIME_WAIT after an earlier server, but not one that is listened on.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(
            f"port {port} on {host} is taken by another program: stop it, or choose another with --port."
        ) from None
    return listener
