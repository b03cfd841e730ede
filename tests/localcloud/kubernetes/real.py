"""A real kube-apiserver with etcd, for the contract. Without controllers and kubelets, as the contract needs none."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import requests

from tests.localcloud.kubernetes.api import Api
from tests.patience import until
from tools.postgres import free_port

TOKEN = secrets.token_urlsafe(16)


class RealApiServer:
    """etcd (NIGHTSHIFT_ETCD, else on the PATH) and the API server, started for a test session and ended with it."""

    def __init__(self, binary: Path, home: Path) -> None:
        self._binary, self._home = binary, home
        self._etcd = os.environ.get("NIGHTSHIFT_ETCD") or shutil.which("etcd") or "etcd"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port, self._store, self._peers = free_port(), free_port(), free_port()

    @property
    def api(self) -> Api:
        return Api(f"https://127.0.0.1:{self._port}", False, TOKEN)

    def __enter__(self) -> RealApiServer:
        store = f"http://127.0.0.1:{self._store}"
        urls = [f"--listen-client-urls={store}", f"--advertise-client-urls={store}"]
        self._run(
            self._etcd, f"--data-dir={self._home}/etcd", f"--listen-peer-urls=http://127.0.0.1:{self._peers}", *urls
        )
        tokens, key = self._home / "tokens.csv", self._home / "account.key"
        tokens.write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        self._run(
            str(self._binary),
            f"--etcd-servers={store}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self._home}/certificates",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        )
        until(self._ready, pause=0.5, what="a ready kube-apiserver")
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    def _run(self, *command: str) -> None:
        with (self._home / f"{len(self._processes)}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    def _ready(self) -> bool:
        try:
            return self.api.status("GET", "/api/v1/namespaces/default")[0] == 200
        except requests.RequestException:
            return False
