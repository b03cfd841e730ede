"""The server's own HTTP API under /_localcloud/: health, faults, clusters, calls, sessions. Plain JSON, behind the
gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud import faults, wire
from localcloud.client import PREFIX
from localcloud.emr import views
from localcloud.emr.store import Store
from localcloud.errors import FaultError, RoleRefused
from localcloud.faults import FaultBook
from localcloud.iam.sessions import RoleSessions
from localcloud.recorder import Recorder
from localcloud.wire import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

WITH_IAM = "stop it, and start it with --iam"


class Admin:
    """Answers GET health, GET clusters, GET and DELETE of calls, GET, POST, DELETE of faults, and POST of sessions.

    roles: None where IAM is not enforced.
    """

    def __init__(self, store: Store, book: FaultBook, recorder: Recorder, roles: RoleSessions | None = None) -> None:
        self._store, self._book, self._roles = store, book, roles
        self._routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "health"): lambda _: {"status": "ok"},
            ("GET", "clusters"): self._clusters,
            ("GET", "calls"): lambda _: recorder.calls(),
            ("DELETE", "calls"): lambda _: {"cleared": recorder.clear()},
            ("GET", "faults"): lambda _: self._book.armed(),
            ("POST", "faults"): self._arm,
            ("DELETE", "faults"): lambda _: {"cleared": self._book.clear()},
            ("POST", "sessions"): self._session,
        }

    def answer(self, environ: WSGIEnvironment) -> Answer:
        """The answer to one request: 404 for an unknown path, 400 with an `error` for an invalid request."""
        method = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"].removeprefix(PREFIX).strip("/")
        body = wire.body_of(environ)
        if method == "DELETE" and path.startswith("faults/"):
            return wire.json_answer({"cleared": self._book.clear(path.removeprefix("faults/"))})
        route = self._routes.get((method, path))
        if route is None:
            return wire.json_answer({"error": f"there is no {method} {PREFIX}{path}"}, 404)
        try:
            return wire.json_answer(route(json.loads(body) if body else None))
        except (FaultError, RoleRefused, KeyError, json.JSONDecodeError, TypeError) as error:
            return wire.json_answer({"error": str(error)}, 400)

    def _clusters(self, _: Any) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        with self._store.changed:
            return [
                {
                    "account": cluster.account,
                    "region": cluster.region,
                    **views.cluster_summary(cluster, now),
                    "Steps": [views.step(step) for step in cluster.steps],
                }
                for cluster in self._store.clusters()
            ]

    def _arm(self, values: Any) -> dict[str, Any]:
        return asdict(self._book.add(faults.parse(values or {})))

    def _session(self, values: Any) -> dict[str, str]:
        """A session of a role, issued as to the AWS service that works under the role."""
        if self._roles is None:
            raise RoleRefused(f"This localcloud does not enforce IAM, so nobody has a role: {WITH_IAM}.")
        asked = {name: str(values[name]) for name in ("role", "service", "name")}
        return self._roles.of_service(**asked, now=datetime.now(UTC)).environment
