"""Where the containers find each other and the secrets that `init` made."""

from __future__ import annotations

from pathlib import Path

SECRETS = Path("/run/nightshift")
READY = Path("/tmp/ready")  # noqa: S108 - of one container only


def secret(name: str) -> str:
    """The words of a secret. Raises FileNotFoundError before `init` has run."""
    return (SECRETS / name).read_text(encoding="utf-8")
