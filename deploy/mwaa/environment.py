"""What an environment's file of settings says: include/environments/<environment>.env."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.mwaa.errors import DeployError

FOLDER = Path(__file__).resolve().parents[2] / "include" / "environments"
LINE = re.compile(r"^(?P<key>NIGHTSHIFT_[A-Z_]+)=(?P<value>.*)$")


def settings(environment: str, folder: Path = FOLDER) -> dict[str, str]:
    """The NIGHTSHIFT_* of an environment, without the empty ones. Raises DeployError."""
    file = folder / f"{environment}.env"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.env")))
        raise DeployError(f"There is no environment {environment!r}: {folder.name}/ has {known}.")
    given = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if match := LINE.match(line):
            given[match["key"]] = match["value"]
        elif line and not line.startswith("#"):
            raise DeployError(f"{file.name}: {line!r} is neither NIGHTSHIFT_KEY=value nor a comment.")
    if "NIGHTSHIFT_NAME" not in given:
        raise DeployError(f"{file.name} has no NIGHTSHIFT_NAME: every name of a deployment begins with it.")
    return {key: value for key, value in given.items() if value}
