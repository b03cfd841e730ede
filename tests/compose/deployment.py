"""docker-compose.yaml under test: a project, ports and a subnet of its own, so that a user's is not touched."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "nightshift-test"
KINDS = ("container", "volume", "network")
KILLED = 137


@dataclass(frozen=True)
class Deployment:
    """One deployment: the environment of `docker`, and the files that stand over docker-compose.yaml."""

    env: Mapping[str, str]
    over: Sequence[str] = ()

    @property
    def address(self) -> str:
        """Where the UI is."""
        return f"http://127.0.0.1:{self.env['AIRFLOW_PORT']}"

    @property
    def cloud(self) -> str:
        """Where AWS is, for this machine."""
        return f"http://127.0.0.1:{self.env['LOCALCLOUD_PORT']}"

    def compose(self, *arguments: str) -> None:
        """One command of compose, shown as it goes on. Raises CalledProcessError."""
        print(f"$ docker compose {' '.join(arguments)}", flush=True)
        subprocess.run(self._command(arguments), env=self.env, cwd=ROOT, check=True)

    def said(self, *arguments: str) -> str:
        """What one command of compose printed. Raises CalledProcessError."""
        command = self._command(arguments)
        return subprocess.run(command, env=self.env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

    def inside(self, *command: str) -> str:
        """What a command in the control service printed."""
        return self.said("exec", "-T", "control", *command)

    def states(self) -> dict[str, dict[str, Any]]:
        """State, Health and ExitCode of each service."""
        lines = self.said("ps", "--all", "--format", "json").splitlines()
        return {told["Service"]: told for told in map(json.loads, lines)}

    def left(self) -> list[str]:
        """Containers, volumes and networks of the project."""
        found = []
        for kind in KINDS:
            listed = ["docker", kind, "ls", *(["--all"] if kind == "container" else []), "--quiet"]
            label = ["--filter", f"label=com.docker.compose.project={PROJECT}"]
            done = subprocess.run([*listed, *label], env=self.env, check=True, capture_output=True, text=True)
            found += [f"{kind} {name}" for name in done.stdout.split()]
        return found

    def _command(self, arguments: Sequence[str]) -> list[str]:
        files = ("docker-compose.yaml", *self.over)
        return [
            "docker",
            "compose",
            "--progress",
            "quiet",
            *(part for file in files for part in ("--file", file)),
            *arguments,
        ]


def settings() -> dict[str, str]:
    """The keys that set this deployment apart."""
    ports = {"AIRFLOW_PORT": str(free_port()), "LOCALCLOUD_PORT": str(free_port())}
    return {**ports, "COMPOSE_PROJECT_NAME": PROJECT, "LOCALCLOUD_NET": os.environ.get("LOCALCLOUD_NET", "10.213.78")}
