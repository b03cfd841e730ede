"""kubeconfig files: of the user, and of a pod's service account."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from localcloud.credentials import Access, Credentials
from localcloud.kubernetes.errors import Json

NO_ACCESS = Access("", Credentials("", ""))  # of a pod without a key for AWS
_NAME = "localcloud"


def of_user(api: str, ca: str, token: str) -> str:
    """The text of the user's kubeconfig, which carries the server's own token."""
    cluster = {"server": api, "certificate-authority-data": base64.b64encode(ca.encode()).decode()}
    return _text(cluster, {"token": token}, "default")


def of_pod(api: str, token: Path, namespace: str) -> str:
    """The text of a pod's kubeconfig, which names the files of its service account."""
    cluster = {"server": api, "certificate-authority": str(token / "ca.crt")}
    return _text(cluster, {"tokenFile": str(token / "token")}, namespace)


def write(path: Path, text: str) -> None:
    """Store a kubeconfig, atomically, in a file that only its owner may read."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _text(cluster: Json, user: Json, namespace: str) -> str:
    context = {"cluster": _NAME, "user": _NAME, "namespace": namespace}
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": user}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    return json.dumps(made, indent=2) + "\n"  # JSON is YAML
