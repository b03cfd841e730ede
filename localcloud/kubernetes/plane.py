"""The control plane: the API's listener, the node and the Spark operator, started and stopped together."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from localcloud import private
from localcloud.faults import FaultBook
from localcloud.http_server import HttpServer
from localcloud.kubernetes import certificates, kubeconfig
from localcloud.kubernetes.access import Access, Verify
from localcloud.kubernetes.http_api import HttpApi
from localcloud.kubernetes.kinds import NAMESPACE
from localcloud.kubernetes.kubelet import Kubelet, NodePlace
from localcloud.kubernetes.resources import Resources
from localcloud.kubernetes.spark_operator import Operator
from localcloud.kubernetes.store import Store
from localcloud.kubernetes.subresources import Subresources
from localcloud.kubernetes.times import Clock

LOOPBACK = "127.0.0.1"
_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_STOP_POLL_SECONDS = 0.02
KUBECONFIG = "kubeconfig"


@dataclass(frozen=True)
class Listening:
    """What a node's place is made of, known once the API listens. api: its URL."""

    directory: Path
    api: str
    resources: Resources


# Makes the node's place. It is called when the API listens.
PlaceOf = Callable[[Listening], NodePlace]


class Plane:
    """One Kubernetes. Its kubeconfig is in its directory while it runs."""

    def __init__(
        self,
        directory: Path,
        place_of: PlaceOf,
        verify: Verify,
        faults: FaultBook,
        clock: Clock,
        *,
        host: str = LOOPBACK,
    ) -> None:
        """verify: checks the request in a token of EKS's form. host: the IP address to listen on."""
        self._directory = private.folder(directory)
        self._authority = certificates.authority(host)
        self.resources = Resources(Store(), clock, self._authority.ca)
        self._access = Access((host, "localhost"), verify, clock)
        listener = _TlsServer(host, 0, _late, self._authority.context)
        self._server, self.endpoint = listener, f"https://{host}:{listener.port}"
        place = place_of(Listening(self._directory, self.endpoint, self.resources))
        self._kubelet = Kubelet(place, self.resources, self._access, faults, clock)
        self._operator = Operator(self.resources, self.endpoint, clock)
        below = Subresources(self.resources, self._access, self._kubelet, clock)
        self._api = HttpApi(self.resources, self._access, below, clock)
        listener.app = self._api
        self._thread = threading.Thread(target=self._serve, name="kubernetes-api", daemon=True)

    @property
    def kubeconfig(self) -> Path:
        """The file that points kubectl at the API."""
        return self._directory / KUBECONFIG

    @property
    def ca(self) -> str:
        """The API's certificate authority in PEM."""
        return self._authority.ca

    @property
    def token(self) -> str:
        """The bearer token of the user."""
        return self._access.token

    def start(self) -> None:
        """Create what a new cluster has, and listen."""
        for name in _NAMESPACES:
            self.resources.create(NAMESPACE, "", {"metadata": {"name": name}})
        self._kubelet.start()
        self._operator.start()
        self._thread.start()
        kubeconfig.write(self.kubeconfig, kubeconfig.of_user(self.endpoint, self.ca, self.token))

    def stop(self) -> None:
        """End every pod, then stop listening."""
        self._api.stopping = True
        self._operator.stop()
        self._kubelet.stop()
        self._server.close()
        self.kubeconfig.unlink(missing_ok=True)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=_STOP_POLL_SECONDS)

    def __enter__(self) -> Plane:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class OnDemand:
    """A plane that starts when it is first needed."""

    def __init__(self, make: Callable[[], Plane]) -> None:
        self._make, self._plane, self._lock = make, list[Plane](), threading.Lock()

    def __call__(self) -> Plane:
        """The running plane; started by the first call."""
        with self._lock:
            if not self._plane:
                plane = self._make()
                plane.start()
                self._plane.append(plane)
            return self._plane[0]

    def stop(self) -> None:
        """Stop the plane, if it has started."""
        with self._lock:
            for plane in self._plane:
                plane.stop()
            self._plane.clear()


class _TlsServer(HttpServer):
    """The HTTP server over TLS. The handshake is done in a connection's own thread: a slow client delays nobody."""

    def __init__(self, host: str, port: int, app: Any, context: Any) -> None:
        super().__init__(host, port, app)
        self._context = context

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or that does not trust the certificate, is no error of the server's."""
        if not isinstance(sys.exception(), ssl.SSLError | ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _late(*_: Any) -> Any:
    raise AssertionError("the API answers only once it is started")
