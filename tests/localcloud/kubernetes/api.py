"""A thin client of a Kubernetes API for tests: verbs, watches, and pods to ask for."""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class Api:
    """One API server. A verb returns the answer's JSON and expects success; status() returns the code and the JSON."""

    def __init__(self, server: str, ca: str | bool, token: str) -> None:
        self.server, self.ca, self.token = server, ca, token
        self._http = requests.Session()
        self._http.trust_env = False  # REQUESTS_CA_BUNDLE would outrank verify
        self._http.verify = ca
        self._http.headers["Authorization"] = f"Bearer {token}"

    @staticmethod
    def of_kubeconfig(path: Path) -> Api:
        known = yaml.safe_load(path.read_text())
        cluster = known["clusters"][0]["cluster"]
        with tempfile.NamedTemporaryFile(delete=False, suffix=".crt", dir=path.parent) as ca:
            ca.write(b64decode(cluster["certificate-authority-data"]))
        return Api(cluster["server"], ca.name, known["users"][0]["user"]["token"])

    def status(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: Any) -> Any:
        data = None if body is None else json.dumps(body)
        answer = self._http.request(
            method, self.server + path, params=query, data=data, headers={"Content-Type": kind}, timeout=180
        )
        return answer.status_code, answer.json()

    def ok(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: Any) -> Any:
        code, answer = self.status(method, path, body, kind, **query)
        assert code < 400, answer
        return answer

    def get(self, path: str, **query: Any) -> Any:
        return self.ok("GET", path, **query)

    def post(self, path: str, body: Json, **query: Any) -> Any:
        return self.ok("POST", path, body, **query)

    def put(self, path: str, body: Json, **query: Any) -> Any:
        return self.ok("PUT", path, body, **query)

    def patch(self, path: str, body: Any, kind: str = MERGE, **query: Any) -> Any:
        return self.ok("PATCH", path, body, kind, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Any:
        return self.ok("DELETE", path, body, **query)

    def text(self, path: str, **query: Any) -> str:
        answer = self._http.get(self.server + path, params=query, timeout=180)
        assert answer.ok, answer.text
        return answer.text

    def names(self, path: str, **query: Any) -> list[str]:
        return [item["metadata"]["name"] for item in self.get(path, **query)["items"]]

    def watch(self, path: str, **query: Any) -> Iterator[tuple[str, Json]]:
        """The events of a watch: type and object."""
        asked = {"watch": "true", **query}
        with self._http.get(self.server + path, params=asked, stream=True, timeout=180) as answer:
            for line in answer.iter_lines(chunk_size=1):
                event = json.loads(line)
                yield event["type"], event["object"]


def pod(name: str, *command: str, container: Json | None = None, **spec: Any) -> Json:
    """A pod of one container, which does not restart."""
    given = {"name": "main", "image": "any", **({"command": list(command)} if command else {}), **(container or {})}
    return {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [given], **spec}}


def config(name: str, **data: str) -> Json:
    """A config map."""
    return {"metadata": {"name": name}, "data": data}
