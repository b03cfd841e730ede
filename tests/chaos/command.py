"""A ./nightshift command that something befalls: started, held at a moment of its night, struck, let go."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace

import psutil

from tests import callers
from tests.chaos.facts import Facts
from tests.patience import until
from tools import paths

POLICY = Path(__file__).with_name("hold_acts")
COMING = 400  # seconds that a night may take to come to the last of its tasks, and to its end


@dataclass
class Command:
    """One command; `night` is the pid of the process that plays its night, once it was held."""

    process: subprocess.Popen[str]
    said_in: Path
    night: int = 0

    @property
    def said(self) -> str:
        return self.said_in.read_text()

    @property
    def records(self) -> list[dict]:
        kept = re.findall(r"^Record: +(.+?/record\.json)", self.said, re.MULTILINE)
        return [json.loads((paths.ROOT / path).read_text()) for path in kept]

    def ended(self) -> int:
        return self.process.wait(timeout=COMING)

    def interrupt(self) -> None:
        """Ctrl-C in its terminal."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """The command, its night and all below them, at once: a terminal that is closed hard, or no memory left."""
        roots = [psutil.Process(pid) for pid in (self.process.pid, self.night)]
        for doomed in [*roots, *(child for root in roots for child in root.children(recursive=True))]:
            try:
                doomed.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait()


@dataclass
class Commands:
    """Runs commands against one cloud, in the environment of a user who chose it."""

    env: Mapping[str, str]
    home: Path

    @cached_property
    def holds(self) -> Path:
        folder = self.home / "holds"
        folder.mkdir()
        return folder

    @cached_property
    def facts(self) -> Facts:
        rig = SimpleNamespace(env=self.env, aws=partial(callers.own_client, self.env), home=self.home)
        return Facts(rig)

    def start(self, *arguments: object, prefix: tuple[str, ...] = (), **settings: str) -> Command:
        own = {"CHAOS_HOLDS": str(self.holds), "PYTHONPATH": f"{POLICY}{os.pathsep}{paths.ROOT}"}
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | dict(self.env) | own | settings
        said = self.home / f"said-{len(list(self.home.glob('said-*')))}"
        command = [*prefix, sys.executable, "-m", "embedded", *map(str, arguments)]
        with said.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=paths.ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                text=True,
            )
        return Command(process, said)

    def __call__(self, *arguments: object, **settings: str) -> Command:
        """Run a command to its end."""
        command = self.start(*arguments, **settings)
        command.ended()
        return command

    def held(self, moment: str, *arguments: object, **settings: str) -> Command:
        """A command whose night stands still at the moment. Raises AssertionError when it ends without."""
        order = self.holds / f"{moment}.order"
        told = order.with_suffix(".held")
        told.unlink(missing_ok=True)  # of a command that was killed at this moment
        order.touch()
        command = self.start(*arguments, **settings)
        until(lambda: told.exists() or command.process.poll() is not None, seconds=COMING, pause=0.1)
        assert told.exists(), f"its night never came to {moment}: {command.said}"
        command.night = int(told.read_text())
        return command

    def let_go(self, moment: str) -> None:
        (self.holds / f"{moment}.held").unlink()
