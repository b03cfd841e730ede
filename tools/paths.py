"""Where things are in the tree, and where a run may write."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".nightshift"
LOGS = STATE / "logs"
RUNS = STATE / "runs"
BIN = STATE / "bin"
FLINK = STATE / "flink"
AIRFLOW_HOME = STATE / "airflow"
BOOTSTRAP_STATES = STATE / "bootstrap"
DAGS = ROOT / "dags"
PLUGINS = ROOT / "plugins"
STACKS = ROOT / "include" / "terraform" / "stacks"
LOCALCLOUD_HOME = ROOT / ".localcloud"


def shown(path: Path) -> str:
    """A path as a user reads it: relative to where they are when it is below, else whole."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
