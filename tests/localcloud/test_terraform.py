"""EMR clusters by terraform: applied, planned again without a change, destroyed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from localcloud.server import LocalCloud
from tests.localcloud.helpers import client_of

SOURCE = Path(__file__).with_name("cluster.tf")
INIT_ARGUMENTS = "TF_CLI_ARGS_init"


def environment(cloud: LocalCloud) -> dict[str, str]:
    """The environment that points terraform at the server, free of what the caller's own AWS set-up says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_CLI_CONFIG"))}
    return {
        **own,
        INIT_ARGUMENTS: own.get(INIT_ARGUMENTS, _mirror_argument()),
        **cloud.access.environment("eu-west-1"),
        "CHECKPOINT_DISABLE": "1",
    }


def _mirror_argument() -> str:
    toolchain = pytest.importorskip("tools.toolchain")
    mirror = toolchain.provider_mirror()
    return f"-plugin-dir={mirror}" if mirror else ""


@pytest.mark.terraform
def test_clusters_of_groups_and_fleets_are_applied_kept_and_destroyed(cloud: LocalCloud, tmp_path: Path) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    shutil.copy(SOURCE, tmp_path / "main.tf")

    def terraform(*words: str) -> None:
        command = ["terraform", words[0], "-no-color", "-input=false", *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(cloud), capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    terraform("init")
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
    emr = client_of(cloud)("emr")
    assert {c["Status"]["State"] for c in emr.list_clusters()["Clusters"]} == {"TERMINATED"}
