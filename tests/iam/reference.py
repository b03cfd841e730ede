"""AWS's Service Authorization Reference, as policy_sentry has it: it comes with checkov, which `make lint` installs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable

from tools import paths

PYTHON = paths.STATE / "checks" / "bin" / "python"
# Prints {action: the ARN formats that it can be bound to}, for the actions on standard input.
ASK = """
import json, sys
from policy_sentry.querying.actions import get_action_data
told = {}
for action in json.load(sys.stdin):
    service, name = action.split(":")
    rows = (get_action_data(service, name) or {}).get(service)
    told[action] = None if rows is None else sorted({row["resource_arn_format"] for row in rows} - {"*"})
print(json.dumps(told))
"""


def formats(actions: Iterable[str]) -> dict[str, list[str] | None]:
    """Action -> the ARN formats that a policy can bind it to; None for an action that AWS does not know."""
    asked = json.dumps(sorted(actions))
    said = subprocess.run([PYTHON, "-c", ASK], input=asked, capture_output=True, text=True, check=True)
    told: dict[str, list[str] | None] = json.loads(said.stdout)
    return told
